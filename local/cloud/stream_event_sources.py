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
from typing import Any, Protocol

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


class StreamConsumer(Protocol):
    """What takes the records of a stream: an event source mapping, or a pipe."""

    id: str

    def mapping(self) -> Mapping | None:
        """Its settings now, with the names of an event source mapping; None once it is gone or switched off."""

    def invoke(self, records: list[StreamRecord], window: Mapping | None = None) -> Outcome:
        """Handles one batch; `window` is what a function with a tumbling window gets besides."""

    def give_up(self, shard_id: str, records: list[StreamRecord], condition: str, invocations: int) -> None:
        """Records that could not be handled, or are too old."""


_positions: dict[tuple[str, str], int] = {}
"""(mapping, shard) -> where it goes on."""
_anchored: set[str] = set()
"""Mappings whose starting position was taken; shards that appear later are read from their beginning."""
_busy: set[tuple[str, str]] = set()
_lock = threading.Lock()


def install() -> None:
    from ministack.services import lambda_svc
    from ministack.services.cloudformation import provisioners

    @wrap(lambda_svc, "_poll_kinesis", "()")
    def poll_kinesis(_original: Any) -> bool:
        return _poll(lambda_svc, "kinesis")

    @wrap(lambda_svc, "_poll_dynamodb_streams", "()")
    def poll_dynamodb(_original: Any) -> bool:
        return _poll(lambda_svc, "dynamodb")

    @wrap(lambda_svc, "_init_stream_position", "(esm_id, source_arn, starting)")
    def init_position(_original: Any, esm_id: str, source_arn: str, starting: str) -> None:
        if ":kinesis:" in source_arn or ":dynamodb:" in source_arn:
            anchor(esm_id, {"StartingPosition": starting, "EventSourceArn": source_arn})

    @wrap(lambda_svc, "_create_esm", "(data)")
    def create_mapping(original: Any, data: Mapping) -> Any:
        response = original(data)
        if "TumblingWindowInSeconds" in data and response[0] < 300:
            keep_window(json.loads(response[2]).get("UUID", ""), data)
        return response

    @wrap(lambda_svc, "_update_esm", "(esm_id, data)")
    def update_mapping(original: Any, esm_id: str, data: Mapping) -> Any:
        keep_window(esm_id, data)
        return original(esm_id, data)

    @wrap(provisioners, "_lambda_esm_create", "(logical_id, props, stack_name)")
    def create_resource(original: Any, logical_id: str, props: Mapping, stack_name: str) -> Any:
        esm_id, attributes = original(logical_id, props, stack_name)
        keep_window(esm_id, props)
        return esm_id, attributes

    @wrap(provisioners, "_lambda_esm_update", "(physical_id, old_props, new_props, stack_name)")
    def update_resource(original: Any, physical_id: str, old_props: Mapping, new_props: Mapping, stack_name: str) -> Any:
        esm_id, attributes = original(physical_id, old_props, new_props, stack_name)
        keep_window(esm_id, {"TumblingWindowInSeconds": 0, **new_props})
        return esm_id, attributes

    provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"].update(create=create_resource, update=update_resource)

    @wrap(lambda_svc, "_release_esm_poll_state", "(esm_id)")
    def release(original: Any, esm_id: str) -> None:
        original(esm_id)
        forget(esm_id)


def consume(consumer: StreamConsumer, mapping: Mapping) -> None:
    """Starts a thread for each shard of the mapping's source that has records and none yet."""
    shards = shards_of(mapping["EventSourceArn"])
    if shards:
        _anchor(consumer.id, mapping, shards)
    for shard in shards:
        _start(consumer, shard)


def shards_of(source_arn: str) -> list[Shard]:
    shards = {"kinesis": _kinesis_shards, "dynamodb": _dynamodb_shards}.get(source_arn.split(":")[2] if source_arn.count(":") > 2 else "")
    return list(shards(source_arn)) if shards else []


def anchor(consumer_id: str, mapping: Mapping) -> None:
    """Takes the starting position now: what is written from now on must not be missed, however late the first poll is."""
    _anchor(consumer_id, mapping, shards_of(mapping["EventSourceArn"]))


def keep_window(esm_id: str, given: Mapping) -> None:
    """ministack drops the size of a tumbling window."""
    from ministack.services import lambda_svc

    mapping = lambda_svc._esms.get(esm_id)
    if mapping and given.get("TumblingWindowInSeconds") is not None:
        mapping["TumblingWindowInSeconds"] = int(given["TumblingWindowInSeconds"])


def forget(consumer_id: str) -> None:
    """The consumer is gone."""
    _anchored.discard(consumer_id)
    for key in [key for key in _positions if key[0] == consumer_id]:
        del _positions[key]


def _poll(lambda_svc: Any, service: str) -> bool:
    """Starts a thread for each shard that has records and none yet. Never says that there may be more: the thread that ends asks again."""
    for account_id, region, mapping in lambda_svc._iter_all_esms():
        source_arn = mapping.get("EventSourceArn", "")
        if f":{service}:" not in source_arn or not _is_enabled(mapping):
            continue
        tokens = lambda_svc._request_account_id.set(account_id), lambda_svc._request_region.set(region)
        try:
            consume(_FunctionOfMapping(lambda_svc, mapping["UUID"]), mapping)
        finally:
            lambda_svc._request_account_id.reset(tokens[0])
            lambda_svc._request_region.reset(tokens[1])
    return False


def _start(consumer: StreamConsumer, shard: Shard) -> None:
    from ministack.services import lambda_svc

    key = (consumer.id, shard.id)
    with _lock:
        if key in _busy or not shard.read(_positions.setdefault(key, shard.horizon()), 1):
            return
        _busy.add(key)

    def work() -> None:
        try:
            if _window_of(consumer.mapping()):
                _work_through_windows(consumer, shard)
            else:
                _work_through(consumer, shard)
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


def _work_through(consumer: StreamConsumer, shard: Shard) -> None:
    key = (consumer.id, shard.id)
    while current := consumer.mapping():
        settings = StreamSettings.of(current)
        records = _gather(shard, _positions[key], settings, consumer.mapping)
        if not records:
            return
        parts = lanes(records, settings.parallelization)
        threads = [threading.Thread(target=contextvars.copy_context().run, args=(_runner(consumer, shard).run, part), daemon=True)
                   for part in parts[1:]]
        for thread in threads:
            thread.start()
        _runner(consumer, shard).run(parts[0])
        for thread in threads:
            thread.join()
        if consumer.mapping():
            _positions[key] = records[-1].position


def _work_through_windows(consumer: StreamConsumer, shard: Shard) -> None:
    """Windows one after the other: the state that the function returns goes into its next call, until a last one ends the window."""
    key = (consumer.id, shard.id)
    while (current := consumer.mapping()) and (size := _window_of(current)):
        first = shard.read(_positions[key], 1)
        if not first:
            return
        start = window_start(first[0].arrived, size)
        state: dict[str, Any] = {"value": {}}
        while current := consumer.mapping():
            settings = StreamSettings.of(current)
            records = [record for record in _gather(shard, _positions[key], settings, consumer.mapping) if record.arrived < start + size]
            if records:
                _runner(consumer, shard, (start, size, state)).run(records[:settings.batch_size])
                _positions[key] = records[:settings.batch_size][-1].position
            elif shard.read(_positions[key], 1) or time.time() >= start + size:
                _runner(consumer, shard, (start, size, state)).run_last()
                break
            else:
                time.sleep(min(0.1, max(0.0, start + size - time.time())))


def _window_of(mapping: Mapping | None) -> float:
    return float((mapping or {}).get("TumblingWindowInSeconds") or 0)


def window_start(arrived: float, size: float) -> float:
    """Windows follow each other from 1970 on."""
    return arrived - arrived % size


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


def _runner(consumer: StreamConsumer, shard: Shard, window: tuple[float, float, dict[str, Any]] | None = None) -> BatchRunner:
    """`window` is its start, its size and the state so far."""
    def settings() -> StreamSettings | None:
        current = consumer.mapping()
        return StreamSettings.of(current) if current else None

    def invoke(batch: list[StreamRecord]) -> Outcome:
        if window is None:
            return consumer.invoke(batch)
        start, size, state = window
        outcome = consumer.invoke(batch, {
            "window": {"start": _iso(start), "end": _iso(start + size)}, "state": state["value"], "shardId": shard.id,
            "eventSourceARN": (consumer.mapping() or {}).get("EventSourceArn", ""), "isFinalInvokeForWindow": not batch, "isWindowTerminatedEarly": False})
        if not outcome.failed and isinstance(outcome.payload, dict):
            state["value"] = outcome.payload.get("state") or {}
        return outcome

    def give_up(records: list[StreamRecord], condition: str, invocations: int) -> None:
        consumer.give_up(shard.id, records, condition, invocations)

    def wait(failures: int) -> None:
        deadline = time.monotonic() + min(_LONGEST_WAIT, float(os.environ.get("CDK_TRACED_RETRY_SECONDS") or 1) * 2 ** (failures - 1))
        while consumer.mapping() and (rest := deadline - time.monotonic()) > 0:
            time.sleep(min(rest, 0.2))

    return BatchRunner(settings, invoke, give_up, wait)


class _FunctionOfMapping:
    """A function that an event source mapping calls."""

    def __init__(self, lambda_svc: Any, esm_id: str) -> None:
        self.id = esm_id
        self._lambda_svc = lambda_svc
        self._last: Mapping = {}

    def mapping(self) -> Mapping | None:
        found = self._lambda_svc._esms.get(self.id)
        return found if found and _is_enabled(found) and _function_of(self._lambda_svc, found) else None

    def invoke(self, records: list[StreamRecord], window: Mapping | None = None) -> Outcome:
        current = self.mapping()
        function = current and _function_of(self._lambda_svc, current)
        if not current or not function:
            return Outcome()
        kept = matching([record.event for record in records], current)
        if not kept and not (window and not records):
            return Outcome()
        result = self._lambda_svc._execute_function(function, {"Records": kept, **(window or {})})
        failed = bool(result.get("error"))
        current["LastProcessingResult"] = "PROBLEM: Function call failed" if failed else "OK"
        self._last = result
        if failed and not result.get("throttle"):
            logger.warning("%s failed on %d records of %s: %s", current["FunctionName"], len(kept), current["EventSourceArn"], _error_of(result))
        return Outcome(failed=failed, throttled=bool(result.get("throttle")), payload=result.get("body"))

    def give_up(self, shard_id: str, records: list[StreamRecord], condition: str, invocations: int) -> None:
        current = self.mapping()
        if current and records:
            _discard(self._lambda_svc, current, shard_id, records, condition, invocations, self._last)


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
