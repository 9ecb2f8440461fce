"""Lambda's Runtime API and Extensions API, served on the loopback for one execution environment.

Sources: Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes", "Using the Lambda Extensions API".
Nothing here knows of ministack or of processes: an environment starts those, and tells this object what becomes of them.
"""
from __future__ import annotations

import base64
import json
import re
import socket
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from . import platform_events
from .telemetry import SCHEMAS, SubscriptionRefused, Telemetry

RESPONSE_LIMIT = 6_291_556  # bytes of a response, 6 MB and a little; a streamed one may have more
STREAM_LIMIT = 200 * 1024 * 1024
_INVOCATION = re.compile(r"/2018-06-01/runtime/invocation/([^/]+)/(response|error)")
_EXTENSION = re.compile(r"/2020-01-01/extension/(register|event/next|init/error|exit/error)")
_REASONS = {200: "OK", 202: "Accepted", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 413: "Request Entity Too Large",
            500: "Internal Server Error"}


@dataclass
class Failure:
    """What a runtime, or an extension, reports as its error."""

    type: str
    body: Any
    """The posted JSON, or text where it is none."""
    cause: dict[str, Any] | None = None
    """X-Ray's description of it, where the runtime gives one."""


@dataclass
class Response:
    body: bytes
    streamed: bool = False


@dataclass
class Request:
    """One event on its way through the runtime."""

    id: str
    payload: bytes
    deadline: float
    """Seconds since 1970."""
    trace_header: str | None
    function_arn: str
    handed_out: float | None = None
    answered: float | None = None
    outcome: Response | Failure | None = None


@dataclass
class Extension:
    id: str
    name: str
    events: list[str]
    external: bool
    ready: bool = False
    waiting: bool = False
    queue: list[dict[str, Any]] = field(default_factory=list)
    failed: str | None = None


@dataclass(frozen=True)
class FunctionFacts:
    """What an extension is told of its function."""

    name: str
    version: str
    handler: str
    account_id: str


class RuntimeApi:
    """The API of one execution environment. All waiting is on `changed`: whoever changes something notifies it."""

    def __init__(self, facts: FunctionFacts) -> None:
        self.facts = facts
        self.changed = threading.Condition()
        self.init_error: Failure | None = None
        self.runtime_waiting = False
        self.extensions: dict[str, Extension] = {}
        self.telemetry = Telemetry()
        self.external_names: set[str] = set()
        """The files of /opt/extensions; any other extension runs within the runtime's process."""
        self._request: Request | None = None
        self._pending: Request | None = None
        self._closed = False
        self._connections: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]

    # What the environment does.

    def start(self) -> None:
        """Begins to answer. Who connects before that waits: so a process can be started first, which takes longer."""
        threading.Thread(target=self._accept, daemon=True, name="runtime-api").start()

    def serve(self, connection: socket.socket) -> None:
        """Answers the requests of one connection, on a thread of its own."""
        thread = threading.Thread(target=self._serve, args=(connection,), daemon=True, name="runtime-api-connection")
        with self.changed:
            if self._closed:
                connection.close()
                return
            self._connections.add(connection)
            self._threads.add(thread)
        thread.start()

    def hand_out(self, request: Request) -> None:
        """Gives the event to the runtime and to all extensions that want to know of it."""
        with self.changed:
            self._request = self._pending = request
            for extension in self.extensions.values():
                if "INVOKE" in extension.events:
                    extension.queue.append({
                        "eventType": "INVOKE", "deadlineMs": int(request.deadline * 1000), "requestId": request.id,
                        "invokedFunctionArn": request.function_arn,
                        "tracing": {"type": "X-Amzn-Trace-Id", "value": request.trace_header or ""},
                    })
            self.changed.notify_all()

    def withdraw(self) -> None:
        """The event has run out of time: what may still come for it is refused."""
        with self.changed:
            self._request = self._pending = None

    def is_ready(self) -> bool:
        """The runtime and all extensions wait for the next event. Call it with `changed` held."""
        return self.runtime_waiting and all(e.waiting or e.failed for e in self.extensions.values())

    def registered(self, name: str) -> bool:
        """Call it with `changed` held."""
        return any(extension.name == name for extension in self.extensions.values())

    def shut_down(self, reason: str, seconds: float) -> bool:
        """Tells the extensions; whether there is one that wants to know."""
        with self.changed:
            told = [e for e in self.extensions.values() if "SHUTDOWN" in e.events]
            for extension in told:
                extension.queue.append({"eventType": "SHUTDOWN", "shutdownReason": reason, "deadlineMs": int((time.time() + seconds) * 1000)})
            self.changed.notify_all()
            return bool(told)

    def drain(self, seconds: float) -> None:
        """Waits until what a process that has ended had still sent is read."""
        deadline = time.monotonic() + seconds
        with self.changed:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def close(self) -> None:
        with self.changed:
            if self._closed:
                return
            self._closed = True
            connections = list(self._connections)
            self.changed.notify_all()
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is not connected, which some systems refuse
        self._listener.close()
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the other side was quicker

    # The server.

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return  # closed
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                while True:
                    line = stream.readline()
                    if not line.strip():
                        return
                    method, target, _version = line.decode("latin-1").split(None, 2)
                    headers = _headers(stream)
                    if headers.get("expect", "").lower() == "100-continue":
                        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                    body, trailers = _body(stream, headers)
                    # An event is handed out when it is sent, so that is what marks it.
                    status, answer, payload = self._answer(method, target.split("?")[0], headers, body, trailers)
                    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, '')}", "Content-Type: application/json", f"Content-Length: {len(payload)}"]
                    lines += [f"{name}: {value}" for name, value in answer.items()]
                    connection.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + payload)
                    if headers.get("connection", "").lower() == "close":
                        return
        except (OSError, ValueError):
            pass  # the process is gone, or speaks something else than HTTP
        finally:
            with self.changed:
                self._connections.discard(connection)
                self._threads.discard(threading.current_thread())

    def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes, trailers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if method == "GET" and path == "/2018-06-01/runtime/invocation/next":
            return self._next()
        match = _INVOCATION.fullmatch(path)
        if match and method == "POST":
            return self._settle(match[1], match[2], headers, body, trailers)
        if path == "/2018-06-01/runtime/init/error":
            with self.changed:
                self.init_error = _failure(headers, body)
                self.changed.notify_all()
            return _accepted()
        if path == "/2018-06-01/runtime/restore/next":
            return 200, {}, b""  # there is no snapshot to wait for
        if path == "/2018-06-01/runtime/restore/error":
            return _accepted()
        match = _EXTENSION.fullmatch(path)
        if match:
            return self._extension(match[1], headers, body)
        if path in SCHEMAS and method == "PUT":
            return self._subscribe(path, headers, body)
        return _refused(404, "NotFound", f"there is no {method} {path}")

    def _next(self) -> tuple[int, dict[str, str], bytes]:
        with self.changed:
            self.runtime_waiting = True
            self.changed.notify_all()
            while not self._pending and not self._closed:
                self.changed.wait()
            self.runtime_waiting = False
            request, self._pending = self._pending, None
            if not request:
                return _refused(500, "Stopped", "the execution environment has been stopped")
            request.handed_out = time.time()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request.id,
            "Lambda-Runtime-Deadline-Ms": str(int(request.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": request.function_arn,
        }
        if request.trace_header:
            headers["Lambda-Runtime-Trace-Id"] = request.trace_header
        return 200, headers, request.payload

    def _settle(self, request_id: str, kind: str, headers: dict[str, str], body: bytes, trailers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        streamed = headers.get("lambda-runtime-function-response-mode", "").lower() == "streaming"
        limit = STREAM_LIMIT if streamed else RESPONSE_LIMIT
        with self.changed:
            request = self._request
            if not request or request.id != request_id or request.outcome:
                return _refused(400, "InvalidRequestID", "Invalid request ID")
            request.answered = time.time()
            answer = _accepted()
            if kind == "error":
                request.outcome = _failure(headers, body)
            elif "lambda-runtime-function-error-type" in trailers:
                reported = base64.b64decode(trailers.get("lambda-runtime-function-error-body", ""))
                request.outcome = _failure(trailers, reported)
            elif len(body) > limit:
                request.outcome = Failure("Function.ResponseSizeTooLarge", {
                    "errorType": "Function.ResponseSizeTooLarge",
                    "errorMessage": f"Response payload size ({len(body)} bytes) exceeded maximum allowed payload size ({limit} bytes).",
                })
                answer = _refused(413, "RequestEntityTooLarge", f"Exceeded maximum allowed payload size ({limit} bytes).")
            else:
                request.outcome = Response(body, streamed)
            self.changed.notify_all()
        return answer

    def _extension(self, action: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if action == "register":
            return self._register(headers, body)
        with self.changed:
            extension = self.extensions.get(headers.get("lambda-extension-identifier", ""))
            if not extension:
                return _refused(403, "Extension.UnknownExtensionIdentifier", "Unknown extension identifier")
            if action != "event/next":
                extension.failed = headers.get("lambda-extension-function-error-type", "Extension.Error")
                self.changed.notify_all()
                return _accepted()
            extension.waiting = True
            if not extension.ready:
                extension.ready = True
                self.telemetry.emit(platform_events.event("platform.extension", time.time(), {
                    "name": extension.name, "state": "Ready", "events": extension.events}))
            self.changed.notify_all()
            while not extension.queue and not self._closed:
                self.changed.wait()
            extension.waiting = False
            if not extension.queue:
                return _refused(500, "Stopped", "the execution environment has been stopped")
            event = extension.queue.pop(0)
        return 200, {"Lambda-Extension-Event-Identifier": str(uuid.uuid4())}, json.dumps(event).encode()

    def _subscribe(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        with self.changed:
            extension = self.extensions.get(headers.get("lambda-extension-identifier", ""))
        if not extension:
            return _refused(403, "Extension.UnknownExtensionIdentifier", "Unknown extension identifier")
        try:
            self.telemetry.subscribe(extension.name, path, json.loads(body or b"null"))
        except SubscriptionRefused as error:
            return _refused(400, "ValidationError", str(error))
        except ValueError as error:
            return _refused(400, "ValidationError", f"the body is no JSON: {error}")
        return 200, {}, b'"OK"'

    def _register(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        name = headers.get("lambda-extension-name", "")
        events = json.loads(body or b"{}").get("events", [])
        if not name:
            return _refused(400, "Extension.InvalidExtensionName", "Lambda-Extension-Name is missing")
        if not set(events) <= {"INVOKE", "SHUTDOWN"}:
            return _refused(400, "Extension.InvalidEventType", f"{events}: an extension can register for INVOKE and SHUTDOWN")
        external = name in self.external_names
        if not external and "SHUTDOWN" in events:
            return _refused(400, "ShutdownEventNotSupportedForInternalExtension", "SHUTDOWN is for extensions in /opt/extensions")
        with self.changed:
            if self.registered(name):
                return _refused(403, "Extension.AlreadyRegistered", f"{name} is registered already")
            extension = Extension(str(uuid.uuid4()), name, events, external)
            self.extensions[extension.id] = extension
            self.changed.notify_all()
        facts = {"functionName": self.facts.name, "functionVersion": self.facts.version, "handler": self.facts.handler}
        if "accountid" in headers.get("lambda-extension-accept-feature", "").lower():
            facts["accountId"] = self.facts.account_id
        return 200, {"Lambda-Extension-Identifier": extension.id}, json.dumps(facts).encode()


def _accepted() -> tuple[int, dict[str, str], bytes]:
    return 202, {}, b'{"status":"OK"}\n'


def _refused(status: int, error_type: str, message: str) -> tuple[int, dict[str, str], bytes]:
    return status, {}, json.dumps({"errorMessage": message, "errorType": error_type}).encode()


def _headers(stream: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    while True:
        line = stream.readline()
        if not line.strip():
            return headers
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()


def _body(stream: BinaryIO, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """The body and its trailers, which a streamed response ends with where it failed."""
    if "chunked" not in headers.get("transfer-encoding", "").lower():
        return stream.read(int(headers.get("content-length") or 0)), {}
    chunks: list[bytes] = []
    while True:
        size = int(stream.readline().split(b";")[0].strip(), 16)
        if size == 0:
            return b"".join(chunks), _headers(stream)
        chunks.append(stream.read(size))
        stream.readline()


def _failure(headers: dict[str, str], body: bytes) -> Failure:
    text = body.decode("utf-8", errors="replace")
    reported: Any
    try:
        reported = json.loads(text)
    except ValueError:
        reported = text
    try:
        cause = json.loads(headers.get("lambda-runtime-function-xray-error-cause", ""))
    except ValueError:
        cause = None
    named = reported.get("errorType") if isinstance(reported, dict) else None
    return Failure(named or headers.get("lambda-runtime-function-error-type") or "Error", reported, cause if isinstance(cause, dict) else None)
