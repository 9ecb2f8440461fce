"""Event sources that are streams (Kinesis, DynamoDB), with one engine for both.

ministack retried a failed batch each second for ever, on the one thread that polls all event sources. Here each shard has a thread while it has records,
and `stream_batches` decides what happens to a batch. `CDK_TRACED_RETRY_SECONDS` is the wait before the first retry, doubled for each further one.
"""
from __future__ import annotations

import base64
import bisect
import contextvars
import datetime
import json
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .event_patterns import matching
from .failure_destinations import deliver_to
from .stream_batches import BatchRunner, Outcome, StreamRecord, StreamSettings, lanes
from .wrapping import wrap

Mapping = dict[str, Any]

_LONGEST_WAIT = 30.0  # seconds
_DYNAMODB_SHARD = "shardId-00000000000000000000-00000000"

logger = logging.getLogger("cdk_traced.streams")


@dataclass(frozen=True)
class Shard:
    """A shard of an event source: how to read it, and where it begins and ends."""

    id: str
    read: Callable[[int, int], list[StreamRecord]]
    """Up to so many records from a position."""
    horizon: Callable[[], int]
    end: Callable[[], int]
    at: Callable[[float], int]
    """The position of the first record from that time on."""


_positions: dict[tuple[str, str], int] = {}
"""(mapping, shard) -> where it goes on."""
_anchored: set[str] = set()
"""Mappings whose starting position was taken; shards that appear later are read from their beginning."""
_busy: set[tuple[str, str]] = set()
_lock = threading.Lock()


def install() -> None:
    from ministack.services import lambda_svc

    @wrap(lambda_svc, "_poll_kinesis", "()")
    def poll_kinesis(_original: Any) -> bool:
        return _poll(lambda_svc, "kinesis", _kinesis_shards)

    @wrap(lambda_svc, "_poll_dynamodb_streams", "()")
    def poll_dynamodb(_original: Any) -> bool:
        return _poll(lambda_svc, "dynamodb", _dynamodb_shards)

    @wrap(lambda_svc, "_init_stream_position", "(esm_id, source_arn, starting)")
    def init_position(_original: Any, esm_id: str, source_arn: str, starting: str) -> None:
        # At creation: what is written from then on must not be missed, however late the first poll is.
        shards = {"kinesis": _kinesis_shards, "dynamodb": _dynamodb_shards}.get(source_arn.split(":")[2] if source_arn.count(":") > 2 else "")
        if shards:
            _anchor(esm_id, {"StartingPosition": starting}, list(shards(source_arn)))

    @wrap(lambda_svc, "_release_esm_poll_state", "(esm_id)")
    def release(original: Any, esm_id: str) -> None:
        original(esm_id)
        _anchored.discard(esm_id)
        for key in [key for key in _positions if key[0] == esm_id]:
            del _positions[key]


def _poll(lambda_svc: Any, service: str, shards_of: Callable[[str], Iterator[Shard]]) -> bool:
    """Starts a thread for each shard that has records and none yet. Never says that there may be more: the thread that ends asks again."""
    for account_id, region, mapping in lambda_svc._iter_all_esms():
        source_arn = mapping.get("EventSourceArn", "")
        if f":{service}:" not in source_arn or not _is_enabled(mapping):
            continue
        tokens = lambda_svc._request_account_id.set(account_id), lambda_svc._request_region.set(region)
        try:
            shards = list(shards_of(source_arn))
            if shards:
                _anchor(mapping["UUID"], mapping, shards)
            for shard in shards:
                _start(lambda_svc, mapping, shard)
        finally:
            lambda_svc._request_account_id.reset(tokens[0])
            lambda_svc._request_region.reset(tokens[1])
    return False


def _start(lambda_svc: Any, mapping: Mapping, shard: Shard) -> None:
    key = (mapping["UUID"], shard.id)
    with _lock:
        if key in _busy or not shard.read(_positions.setdefault(key, shard.horizon()), 1):
            return
        _busy.add(key)

    def work() -> None:
        try:
            _work_through(lambda_svc, mapping["UUID"], shard)
        finally:
            with _lock:
                _busy.discard(key)
            lambda_svc._esm_wake.set()  # for what was written while it ended

    lambda_svc.spawn_background(work, thread_name=f"stream-{shard.id}")


def _anchor(esm_id: str, mapping: Mapping, shards: list[Shard]) -> None:
    with _lock:
        if esm_id in _anchored:
            return
        _anchored.add(esm_id)
        starting = mapping.get("StartingPosition") or "LATEST"
        for shard in shards:
            _positions[(esm_id, shard.id)] = shard.end() if starting == "LATEST" else (
                shard.at(float(mapping.get("StartingPositionTimestamp") or 0)) if starting == "AT_TIMESTAMP" else shard.horizon())


def _work_through(lambda_svc: Any, esm_id: str, shard: Shard) -> None:
    key = (esm_id, shard.id)

    def mapping() -> Mapping | None:
        found = lambda_svc._esms.get(esm_id)
        return found if found and _is_enabled(found) else None

    while current := mapping():
        settings = StreamSettings.of(current)
        records = _gather(shard, _positions[key], settings, mapping)
        if not records or _function_of(lambda_svc, current) is None:
            return
        parts = lanes(records, settings.parallelization)
        threads = [threading.Thread(target=contextvars.copy_context().run, args=(_runner(lambda_svc, mapping, shard).run, part), daemon=True)
                   for part in parts[1:]]
        for thread in threads:
            thread.start()
        _runner(lambda_svc, mapping, shard).run(parts[0])
        for thread in threads:
            thread.join()
        if mapping():
            _positions[key] = records[-1].position


def _gather(shard: Shard, position: int, settings: StreamSettings, mapping: Callable[[], Any]) -> list[StreamRecord]:
    """The next records; waits for the batching window to fill the batch."""
    limit = settings.batch_size * settings.parallelization
    records = shard.read(position, limit)
    while records and settings.batching_window and len(records) < limit and mapping():
        rest = records[0].arrived + settings.batching_window - time.time()
        if rest <= 0:
            break
        time.sleep(min(rest, 0.1))
        records = shard.read(position, limit)
    return records


def _runner(lambda_svc: Any, mapping: Callable[[], Mapping | None], shard: Shard) -> BatchRunner:
    def settings() -> StreamSettings | None:
        current = mapping()
        return StreamSettings.of(current) if current and _function_of(lambda_svc, current) else None

    last: dict[str, Any] = {}

    def invoke(batch: list[StreamRecord]) -> Outcome:
        current = mapping()
        function = current and _function_of(lambda_svc, current)
        if not current or not function:
            return Outcome()
        kept = matching([record.event for record in batch], current)
        if not kept:
            return Outcome()
        result = lambda_svc._execute_function(function, {"Records": kept})
        failed = bool(result.get("error"))
        current["LastProcessingResult"] = "PROBLEM: Function call failed" if failed else "OK"
        last["result"] = result
        if failed and not result.get("throttle"):
            logger.warning("%s failed on %d records of %s: %s", current["FunctionName"], len(kept), current["EventSourceArn"], _error_of(result))
        return Outcome(failed=failed, throttled=bool(result.get("throttle")), payload=result.get("body"))

    def give_up(records: list[StreamRecord], condition: str, invocations: int) -> None:
        current = mapping()
        if current:
            _discard(lambda_svc, current, shard.id, records, condition, invocations, last.get("result") or {})

    def wait(failures: int) -> None:
        deadline = time.monotonic() + min(_LONGEST_WAIT, float(os.environ.get("CDK_TRACED_RETRY_SECONDS") or 1) * 2 ** (failures - 1))
        while mapping() and (rest := deadline - time.monotonic()) > 0:
            time.sleep(min(rest, 0.2))

    return BatchRunner(settings, invoke, give_up, wait)


def _discard(lambda_svc: Any, mapping: Mapping, shard_id: str, records: list[StreamRecord], condition: str, invocations: int, result: Mapping) -> None:
    destination = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    logger.warning("%d records of %s are discarded (%s, %d invocations of %s)%s", len(records), mapping["EventSourceArn"], condition, invocations,
                   mapping["FunctionName"], f", told to {destination}" if destination else "; the mapping has no on-failure destination")
    if destination:
        function = _function_of(lambda_svc, mapping) or {}
        record = discard_record(mapping, (function.get("config") or function).get("FunctionArn", ""), shard_id, records, condition, invocations, result)
        if destination.startswith("arn:aws:s3:::"):
            record["payload"] = json.dumps({"Records": [entry.event for entry in records]})
        deliver_to(destination, json.dumps(record), f"the records of {mapping['EventSourceArn']}", s3_key(mapping["UUID"], shard_id))


def discard_record(mapping: Mapping, function_arn: str, shard_id: str, records: list[StreamRecord], condition: str, invocations: int,
                   result: Mapping) -> dict[str, Any]:
    """What an on-failure destination gets: where the records are, not the records."""
    source_arn = mapping["EventSourceArn"]
    record: dict[str, Any] = {
        "requestContext": {"requestId": str(uuid.uuid4()), "functionArn": function_arn, "condition": condition, "approximateInvokeCount": invocations},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": result.get("function_error") or "Unhandled"},
        "version": "1.0",
        "timestamp": _iso(time.time()),
        "KinesisBatchInfo" if ":kinesis:" in source_arn else "DDBStreamBatchInfo": {
            "shardId": shard_id,
            "startSequenceNumber": records[0].sequence_number,
            "endSequenceNumber": records[-1].sequence_number,
            "approximateArrivalOfFirstRecord": _iso(records[0].arrived),
            "approximateArrivalOfLastRecord": _iso(records[-1].arrived),
            "batchSize": len(records),
            "streamArn": source_arn,
        },
    }
    if invocations == 0:
        del record["responseContext"]  # the function never saw them
    return record


def s3_key(esm_id: str, shard_id: str) -> str:
    now = datetime.datetime.now(datetime.timezone.utc)
    return f"aws/lambda/{esm_id}/{shard_id}/{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"


def _iso(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _error_of(result: Mapping) -> str:
    body = result.get("body") if isinstance(result.get("body"), dict) else {}
    return f"{body.get('errorType', 'Error')}: {str(body.get('errorMessage', '')).splitlines()[0] if body.get('errorMessage') else ''}"


def _is_enabled(mapping: Mapping) -> bool:
    return str(mapping.get("Enabled", True)).lower() != "false"


def _function_of(lambda_svc: Any, mapping: Mapping) -> Any:
    return lambda_svc._get_func_record_for_qualifier(mapping["FunctionName"], mapping.get("Qualifier"))[0]


def _kinesis_shards(source_arn: str) -> Iterator[Shard]:
    from ministack.services import kinesis

    account_id, region, name = source_arn.split(":")[4], source_arn.split(":")[3], source_arn.rsplit("/", 1)[-1]
    stream = kinesis._streams.get_scoped(account_id, region, name)
    if not stream or stream.get("StreamARN") != source_arn or stream["StreamStatus"] != "ACTIVE":
        return
    for shard_id in list(stream["shards"]):
        yield _kinesis_shard(stream, shard_id, source_arn, account_id, region)


def _kinesis_shard(stream: Any, shard_id: str, source_arn: str, account_id: str, region: str) -> Shard:
    """Positions are sequence numbers: places in the list move when records expire."""

    def records() -> list[Any]:
        return (stream["shards"].get(shard_id) or {}).get("records") or []

    def read(position: int, limit: int) -> list[StreamRecord]:
        found = records()
        start = bisect.bisect_right(found, position, key=lambda record: int(record["SequenceNumber"]))
        return [_kinesis_record(record, shard_id, source_arn, account_id, region) for record in found[start:start + limit]]

    def at(timestamp: float) -> int:
        return next((int(record["SequenceNumber"]) - 1 for record in records() if record["ApproximateArrivalTimestamp"] >= timestamp), end())

    def end() -> int:
        found = records()
        return int(found[-1]["SequenceNumber"]) if found else 0

    return Shard(shard_id, read, lambda: 0, end, at)


def _kinesis_record(record: Any, shard_id: str, source_arn: str, account_id: str, region: str) -> StreamRecord:
    data, sequence = record["Data"], record["SequenceNumber"]
    arrived = float(record["ApproximateArrivalTimestamp"])
    return StreamRecord({
        "kinesis": {
            "kinesisSchemaVersion": "1.0", "partitionKey": record["PartitionKey"], "sequenceNumber": sequence, "data": _base64(data),
            "approximateArrivalTimestamp": arrived,
        },
        "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": f"{shard_id}:{sequence}", "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::{account_id}:role/lambda-role", "awsRegion": region, "eventSourceARN": source_arn,
    }, sequence, record["PartitionKey"], arrived, int(sequence))


def _base64(data: Any) -> str:
    """ministack keeps what PutRecord brought as base64, and what other services wrote as it is."""
    if isinstance(data, str):
        try:
            base64.b64decode(data, validate=True)
            return data
        except ValueError:
            data = data.encode()
    return base64.b64encode(data if isinstance(data, bytes) else str(data).encode()).decode("ascii")


def _dynamodb_shards(source_arn: str) -> Iterator[Shard]:
    from ministack.services import dynamodb

    table_name = source_arn.partition(":table/")[2].partition("/stream/")[0]
    table = dynamodb._tables.get(table_name)
    if not table or table.get("LatestStreamArn") != source_arn:
        return

    def read(position: int, limit: int) -> list[StreamRecord]:
        start = max(position, dynamodb.stream_start_position(table_name))
        return [_dynamodb_record(record, start + index + 1)
                for index, record in enumerate(dynamodb.stream_records_since(table_name, start, limit))]

    def at(timestamp: float) -> int:
        start = dynamodb.stream_start_position(table_name)
        return next((start + index for index, record in enumerate(dynamodb.stream_live_records(table_name))
                     if _arrived(record) >= timestamp), dynamodb.stream_end_position(table_name))

    yield Shard(_DYNAMODB_SHARD, read, lambda: dynamodb.stream_start_position(table_name), lambda: dynamodb.stream_end_position(table_name), at)


def _arrived(record: Any) -> float:
    return float(record["dynamodb"].get("ApproximateCreationDateTime") or time.time())


def _dynamodb_record(record: Any, position: int) -> StreamRecord:
    change = record["dynamodb"]
    return StreamRecord(record, str(change.get("SequenceNumber", "")), json.dumps(change.get("Keys"), sort_keys=True), _arrived(record), position)
