"""How Lambda works through the records of a stream: batches, retries, bisection, record age, partial failures. Plain data, no ministack.

Source: Lambda Developer Guide, "Configuring error handling controls for Kinesis" and "... DynamoDB event sources".
"""
from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
TOO_OLD = "MaxRecordAgeExceeded"


@dataclass(frozen=True)
class StreamRecord:
    """A record of one shard."""

    event: dict[str, Any]
    """What the function gets in `Records`."""
    sequence_number: str
    partition_key: str
    """Records that share it are handled one after the other."""
    arrived: float
    position: int
    """Where the shard goes on after this record."""


@dataclass(frozen=True)
class StreamSettings:
    """What an event source mapping says of batches and failures; `None` is no limit."""

    batch_size: int = 100
    batching_window: float = 0
    parallelization: int = 1
    retries: int | None = None
    max_age: float | None = None
    bisects: bool = False
    reports_items: bool = False

    @staticmethod
    def of(mapping: dict[str, Any]) -> StreamSettings:
        def limit(name: str) -> int | None:
            value = mapping.get(name)
            return None if value is None or int(value) < 0 else int(value)

        return StreamSettings(
            batch_size=int(mapping.get("BatchSize") or 100),
            batching_window=float(mapping.get("MaximumBatchingWindowInSeconds") or 0),
            parallelization=max(1, int(mapping.get("ParallelizationFactor") or 1)),
            retries=limit("MaximumRetryAttempts"),
            max_age=limit("MaximumRecordAgeInSeconds"),
            bisects=str(mapping.get("BisectBatchOnFunctionError", "")).lower() == "true",
            reports_items="ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or []),
        )


@dataclass(frozen=True)
class Outcome:
    """Of one invocation: an error, a throttle, or the response's payload."""

    failed: bool = False
    throttled: bool = False
    payload: Any = None


@dataclass
class BatchRunner:
    """Works through batches. What it needs of the world is given to it, so that nothing here waits or calls by itself."""

    settings: Callable[[], StreamSettings | None]
    """As they are now; None once the mapping is gone, which ends the work."""
    invoke: Callable[[list[StreamRecord]], Outcome]
    give_up: Callable[[list[StreamRecord], str, int], None]
    """Gets records that are discarded, the condition and the number of invocations."""
    wait: Callable[[int], None]
    """Waits before the retry after that many failures."""
    clock: Callable[[], float] = time.time

    def run(self, records: list[StreamRecord]) -> None:
        """Handles the records in their order; returns when each was handled or given up."""
        settings = self.settings()
        if settings is None:
            return
        # The batches that remain, the next one last, with the failures so far.
        rest = [(batch, 0) for batch in reversed(list(batches(records, settings.batch_size)))]
        while rest and (settings := self.settings()):
            batch, failures = rest.pop()
            batch = self._young_enough(batch, settings, failures)
            if not batch:
                continue
            outcome = self.invoke(batch)
            if outcome.throttled:  # never reached the function, so it is no attempt
                self.wait(failures + 1)
                rest.append((batch, failures))
                continue
            failed = unhandled(batch, outcome, settings.reports_items)
            if not failed:
                continue
            if settings.bisects and len(failed) > 1:  # no attempt either: a split does not use up the retries
                middle = len(failed) // 2
                rest += [(failed[middle:], failures), (failed[:middle], failures)]
                self.wait(failures + 1)
            elif settings.retries is not None and failures >= settings.retries:
                self.give_up(failed, RETRIES_EXHAUSTED, failures + 1)
            else:
                self.wait(failures + 1)
                rest.append((failed, failures + 1))

    def run_last(self) -> None:
        """Ends a tumbling window: a call without records, which is retried like one with records."""
        failures = 0
        while settings := self.settings():
            outcome = self.invoke([])
            if not outcome.failed and not outcome.throttled:
                return
            failures += 0 if outcome.throttled else 1
            if settings.retries is not None and failures > settings.retries:
                self.give_up([], RETRIES_EXHAUSTED, failures)
                return
            self.wait(max(1, failures))

    def _young_enough(self, batch: list[StreamRecord], settings: StreamSettings, failures: int) -> list[StreamRecord]:
        if settings.max_age is None:
            return batch
        oldest = self.clock() - settings.max_age
        expired = [record for record in batch if record.arrived < oldest]
        if expired:
            self.give_up(expired, TOO_OLD, failures)
        return [record for record in batch if record.arrived >= oldest]


def batches(records: list[StreamRecord], size: int) -> Iterable[list[StreamRecord]]:
    return (records[start:start + size] for start in range(0, len(records), size))


def lanes(records: list[StreamRecord], count: int) -> list[list[StreamRecord]]:
    """The records in at most `count` parts that can be handled at the same time: one partition key is in one part only."""
    found: dict[int, list[StreamRecord]] = {}
    for record in records:
        found.setdefault(hash(record.partition_key) % count, []).append(record)
    return list(found.values())


def unhandled(batch: list[StreamRecord], outcome: Outcome, reports_items: bool) -> list[StreamRecord]:
    """The records that have to be handled again. From the lowest that was reported on: what follows it may depend on it."""
    if outcome.failed:
        return batch
    if not reports_items:
        return []
    payload = outcome.payload
    if isinstance(payload, (str, bytes)):
        try:
            payload = json.loads(payload)
        except ValueError:
            return []
    failures = (payload.get("batchItemFailures") if isinstance(payload, dict) else None) or []
    if not isinstance(failures, list):
        return batch
    reported = [entry.get("itemIdentifier") if isinstance(entry, dict) else None for entry in failures]
    places = {record.sequence_number: index for index, record in enumerate(batch)}
    if any(identifier not in places for identifier in reported):  # an identifier that is none counts as a failure of all
        return batch
    return batch[min(places[identifier] for identifier in reported):] if reported else []
