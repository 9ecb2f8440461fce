"""Lambda's Telemetry API, and the Logs API before it: what an extension subscribes to, delivered in batches to its address.

Nothing here knows of ministack.

Source: Lambda Developer Guide, "Lambda Telemetry API reference", "Using the Lambda Logs API".
"""
from __future__ import annotations

import http.client
import json
import logging
import socket
import threading
import time
import urllib.parse
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from .platform_events import Event, event

SCHEMAS = {"/2022-07-01/telemetry": ("2022-07-01", "2022-12-13", "2025-01-29"), "/2020-08-15/logs": ("2020-08-15", "2021-03-18")}
_TYPES = ("platform", "function", "extension")
_LOGS_API_EVENTS = ("platform.start", "platform.end", "platform.report", "platform.runtimeDone", "platform.extension", "platform.fault",
                    "platform.logsSubscription", "function", "extension")
_SANDBOX = ("sandbox.localdomain", "sandbox", "localhost", "127.0.0.1")
_BACKLOG = 10_000  # events of the start that a later subscription still gets
_ATTEMPTS = 3
_DELIVERY_TIMEOUT = 2.0  # seconds

logger = logging.getLogger("cdk_traced.telemetry")


class SubscriptionRefused(ValueError):
    """Why an extension cannot subscribe like this."""


@dataclass
class _Subscription:
    types: tuple[str, ...]
    is_logs_api: bool
    protocol: str
    host: str
    port: int
    path: str
    max_items: int
    max_bytes: int
    timeout: float
    """Seconds that the first event of a batch waits at most."""
    queue: deque[tuple[float, Event]] = field(default_factory=deque)
    closing: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)


class Telemetry:
    """The subscriptions of one execution environment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: list[_Subscription] = []
        self._threads: list[threading.Thread] = []
        self._backlog: list[Event] | None = []

    def subscribe(self, extension: str, path: str, body: Any) -> None:
        """Takes a subscription; SubscriptionRefused says what is wrong with it."""
        with self._lock:
            if self._backlog is None:
                raise SubscriptionRefused("Telemetry API subscription is closed: it is open while the environment starts")
            subscription = _parse(path, body)
            self._subscriptions.append(subscription)
            for past in self._backlog:
                _enqueue(subscription, past)
            thread = threading.Thread(target=_deliver_all, args=(subscription,), daemon=True, name=f"telemetry-{extension}")
            self._threads.append(thread)
            thread.start()
        kind = "platform.logsSubscription" if subscription.is_logs_api else "platform.telemetrySubscription"
        self.emit(event(kind, time.time(), {"name": extension, "state": "Subscribed", "types": list(subscription.types)}))

    def emit(self, each: Event) -> None:
        with self._lock:
            if self._backlog is not None and len(self._backlog) < _BACKLOG:
                self._backlog.append(each)
            for subscription in self._subscriptions:
                _enqueue(subscription, each)

    def emit_line(self, kind: str, at: float, text: str, is_json: bool) -> None:
        """A line that a function or an extension has written; in JSON it is a record of its own where the log's format is JSON."""
        with self._lock:
            wanted = self._backlog is not None or bool(self._subscriptions)
        if not wanted:
            return
        record: Any = text
        if is_json and text.startswith("{"):
            try:
                record = json.loads(text)
            except ValueError:
                pass  # a line like any other
        self.emit(event(kind, at, record))

    def close_subscriptions(self) -> None:
        """The start is over: who has not subscribed by now gets nothing."""
        with self._lock:
            self._backlog = None

    def hurry(self) -> None:
        """The environment ends: from now on no event waits for others."""
        with self._lock:
            self._backlog = None
            subscriptions = list(self._subscriptions)
        for subscription in subscriptions:
            with subscription.changed:
                subscription.timeout = 0
                subscription.changed.notify_all()

    def flush(self, seconds: float) -> None:
        """Delivers what is left, and takes no more."""
        with self._lock:
            subscriptions, threads = list(self._subscriptions), list(self._threads)
            self._backlog = None
        for subscription in subscriptions:
            with subscription.changed:
                subscription.closing = True
                subscription.changed.notify_all()
        deadline = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


def _parse(path: str, body: Any) -> _Subscription:
    if not isinstance(body, dict):
        raise SubscriptionRefused("the body is no JSON object")
    schemas = SCHEMAS[path]
    schema = body.get("schemaVersion", schemas[0])
    if schema not in schemas:
        raise SubscriptionRefused(f"schemaVersion must be one of {', '.join(schemas)}, got {schema}")
    types = body.get("types")
    if not isinstance(types, list) or not types or not set(types) <= set(_TYPES):
        raise SubscriptionRefused(f"types must be some of {', '.join(_TYPES)}, got {types}")
    destination = body.get("destination") or {}
    protocol = str(destination.get("protocol", "")).upper()
    if protocol == "TCP":
        host, port, target = _SANDBOX[0], int(destination.get("port") or 0), ""
    elif protocol == "HTTP":
        url = urllib.parse.urlsplit(str(destination.get("URI", "")))
        host, port, target = url.hostname or "", url.port or 0, f"{url.path or '/'}{'?' + url.query if url.query else ''}"
    else:
        raise SubscriptionRefused(f"destination.protocol must be HTTP or TCP, got {destination.get('protocol')}")
    if host not in _SANDBOX or not port:
        raise SubscriptionRefused(f"the destination must be a port of {_SANDBOX[0]}, got {destination.get('URI') or destination.get('port')}")
    buffering = body.get("buffering") or {}
    return _Subscription(
        types=tuple(types), is_logs_api=path.endswith("/logs"), protocol=protocol, host="127.0.0.1", port=port, path=target,
        max_items=_between(buffering.get("maxItems"), 1_000, 10_000, 10_000), max_bytes=_between(buffering.get("maxBytes"), 262_144, 1_048_576, 262_144),
        timeout=_between(buffering.get("timeoutMs"), 25, 30_000, 1_000) / 1000)


def _between(value: Any, least: int, most: int, default: int) -> int:
    return min(most, max(least, int(value))) if isinstance(value, (int, float)) else default


def _enqueue(subscription: _Subscription, each: Event) -> None:
    if each["type"].partition(".")[0] not in subscription.types:
        return
    wanted = [each]
    if subscription.is_logs_api:
        wanted = [each] if each["type"] in _LOGS_API_EVENTS else []
        if each["type"] == "platform.runtimeDone":
            wanted.append({**each, "type": "platform.end", "record": {"requestId": each["record"]["requestId"]}})
    with subscription.changed:
        if not subscription.closing:
            subscription.queue.extend((time.monotonic(), one) for one in wanted)
            subscription.changed.notify_all()


def _deliver_all(subscription: _Subscription) -> None:
    while True:
        batch: list[Event] = []
        with subscription.changed:
            while not subscription.queue and not subscription.closing:
                subscription.changed.wait()
            if not subscription.queue:
                return
            while not subscription.closing and len(subscription.queue) < subscription.max_items:
                left = subscription.queue[0][0] + subscription.timeout - time.monotonic()
                if left <= 0:
                    break
                subscription.changed.wait(left)
            size = 0
            while subscription.queue and len(batch) < subscription.max_items:
                size += len(json.dumps(subscription.queue[0][1]))
                if batch and size > subscription.max_bytes:
                    break
                batch.append(subscription.queue.popleft()[1])
        _deliver(subscription, batch)


def _deliver(subscription: _Subscription, batch: list[Event]) -> None:
    for attempt in range(_ATTEMPTS):
        try:
            if subscription.protocol == "TCP":
                with socket.create_connection((subscription.host, subscription.port), timeout=_DELIVERY_TIMEOUT) as connection:
                    connection.sendall(b"".join(json.dumps(each).encode() + b"\n" for each in batch))
                return
            client = http.client.HTTPConnection(subscription.host, subscription.port, timeout=_DELIVERY_TIMEOUT)
            try:
                client.request("POST", subscription.path, json.dumps(batch), {"Content-Type": "application/json"})
                client.getresponse().read()
            finally:
                client.close()
            return
        except (OSError, http.client.HTTPException) as error:
            reason = error
            time.sleep(0.05 * (attempt + 1))  # the listener may not be up yet
    logger.warning("%d events of the Telemetry API are lost: port %d of the extension does not answer (%s)", len(batch), subscription.port, reason)
