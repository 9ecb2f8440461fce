"""Observes ministack's execution environments: when they start, what the handler took, how it failed, what it printed."""
from __future__ import annotations

import base64
import logging
import queue
import re
import time
from types import SimpleNamespace
from typing import Any

from .function_processes import FunctionProcesses, TimedLine, TimedQueue
from .invocation import FunctionError, running_attempt
from .java_runtime import frames_of
from .runtime_programs import bootstrap_source, interpreter_for, stand_in
from .wrapping import wrap

_LOG_END = "\x1e"  # as in the bootstraps
_LOG_WAIT = 0.25  # seconds for the last lines of an invocation to come through the pipe
_QUIET = 0.005  # seconds without a line after which a custom runtime's output counts as complete
_EXIT_CODE = re.compile(r"with code (-?\d+)")
_RUNTIME_PACKAGE = re.compile(r"Cannot find (?:module|package) '(@(?:aws-sdk|smithy)/[^'/]+)")

logger = logging.getLogger("cdk_traced.environments")


def install() -> None:
    """Puts the replacements into ministack; fails with MinistackChanged where it is not as expected."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    lambda_runtime.subprocess = FunctionProcesses
    lambda_runtime.queue = SimpleNamespace(Queue=TimedQueue, Empty=queue.Empty, Full=queue.Full)
    _wrap_programs(lambda_runtime)
    _wrap_start(lambda_runtime)
    _wrap_invoke(lambda_runtime)
    _wrap_logs(lambda_runtime)

    # ministack makes functions wait for half a second after each change, as AWS does for longer; whoever has asked waits a second more.
    @wrap(lambda_svc, "_schedule_state_transition", "(func_name, delay)")
    def schedule_state_transition(original: Any, func_name: str, delay: float) -> None:
        original(func_name, 0)


def _wrap_programs(lambda_runtime: Any) -> None:
    @wrap(lambda_runtime, "_detect_runtime_binary", "(runtime)")
    def detect(original: Any, runtime: str) -> tuple[str, str]:
        if runtime.startswith(("python", "nodejs")):
            return interpreter_for(runtime), bootstrap_source(runtime)
        return original(runtime)


def _wrap_start(lambda_runtime: Any) -> None:
    def spawn(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        running = running_attempt()
        if running:
            running[1].runtime = self.config.get("Runtime", "")
        try:
            original(self, *args, **kwargs)
        finally:
            if running and running[1].initialization:
                attempt = running[1]
                attempt.initialization = (attempt.initialization[0], time.time())
                self.cdk_traced_log_stream = attempt.log_stream

    wrap(lambda_runtime.Worker, "_spawn", "(self)")(spawn)
    wrap(lambda_runtime.ProvidedWorker, "_spawn", "(self, init_timeout=None)")(spawn)


def _wrap_invoke(lambda_runtime: Any) -> None:
    @wrap(lambda_runtime.Worker, "invoke",
          "(self, event, request_id, *, trace_id=None, depth=None, durable=None, invoked_function_arn=None)")
    def invoke(original: Any, self: Any, event: Any, request_id: str, **values: Any) -> dict[str, Any]:
        running = running_attempt()
        if not running:
            return original(self, event, request_id, **values)
        attempt = running[1]
        try:
            response = original(self, event, request_id, **values)
        except Exception as error:  # the environment could not be started
            attempt.error = _start_error(self, error, request_id)
            return _failed(attempt.error, self._drain_stderr_bounded())
        finally:
            attempt.log_stream = getattr(self, "cdk_traced_log_stream", None)
            attempt.environment_ready = time.time()
        if "timing" in response:
            attempt.handler_started, attempt.handler_ended = response["timing"]
        if response.get("exits"):
            process, self._proc = self._proc, None
            lambda_runtime._signal(process)
            lambda_runtime._collect(process, time.monotonic() + 1)
        if "failure" in response:
            attempt.error = _reported_error(response["failure"], request_id)
            _explain(attempt.error, self.config)
            return _failed(attempt.error, response.get("log", ""))
        if response.get("status") == "error":  # a timeout, or the process is gone
            attempt.error = _environment_error(response.get("error", ""), request_id)
            return _failed(attempt.error, response.get("log", ""))
        if "raw" in response:
            attempt.raw_payload = True
            response["result"] = base64.b64decode(response["raw"])
        return response

    @wrap(lambda_runtime.ProvidedWorker, "invoke", "(self, event, request_id, *, trace_id=None, invoked_function_arn=None)")
    def invoke_provided(original: Any, self: Any, event: Any, request_id: str, **values: Any) -> dict[str, Any]:
        running = running_attempt()
        if not running:
            return original(self, event, request_id, **values)
        attempt = running[1]
        self.cdk_traced_answered = self.cdk_traced_polled = None
        called = time.time()
        try:
            response = original(self, event, request_id, **values)
        except Exception as error:
            attempt.error = _start_error(self, error, request_id)
            return _failed(attempt.error, self._drain_stderr_bounded())
        finally:
            attempt.log_stream = getattr(self, "cdk_traced_log_stream", None)
            attempt.handler_started = attempt.initialization[1] if attempt.initialization else called
            attempt.handler_ended = self.cdk_traced_answered or time.time()
            attempt.environment_ready = self.cdk_traced_polled or time.time()
        if response.get("status") == "error":
            payload = response.get("error_payload")
            attempt.error = (_reported_error(payload, request_id) if isinstance(payload, dict) and payload.get("errorType")
                             else _environment_error(response.get("error") or str(payload), request_id))
            return {**_failed(attempt.error, response.get("log", "")), "error_payload": attempt.error.payload}
        return response

    @wrap(lambda_runtime.ProvidedWorker, "_record_result", "(self, generation, request_id, kind, payload)")
    def record_result(original: Any, self: Any, *args: Any) -> bool:
        self.cdk_traced_answered = time.time()
        return original(self, *args)

    @wrap(lambda_runtime.ProvidedWorker, "_mark_first_poll", "(self, generation)")
    def mark_first_poll(original: Any, self: Any, generation: int) -> bool:
        if getattr(self, "cdk_traced_answered", None):
            self.cdk_traced_polled = time.time()
        return original(self, generation)


def _wrap_logs(lambda_runtime: Any) -> None:
    @wrap(lambda_runtime.Worker, "_drain_stderr", "(self)")
    def drain(_original: Any, self: Any) -> str:
        return _take_lines(self, until=time.monotonic(), quiet=0)

    @wrap(lambda_runtime.Worker, "_drain_stderr_bounded", "(self, first_line_wait=0.05, idle_confirm=0.005, hard_cap=0.25)")
    def drain_bounded(_original: Any, self: Any, **_limits: Any) -> str:
        if isinstance(self, lambda_runtime.ProvidedWorker):
            # The runtime wrote its lines before it asked for the next event.
            deadline = time.monotonic() + _LOG_WAIT / 5
            while not getattr(self, "cdk_traced_polled", None) and time.monotonic() < deadline:
                time.sleep(0.001)
            return _take_lines(self, until=time.monotonic() + _LOG_WAIT, quiet=_QUIET)
        return _take_lines(self, until=time.monotonic() + _LOG_WAIT, quiet=None)


def _take_lines(worker: Any, until: float, quiet: float | None) -> str:
    """Moves the output so far to the running attempt, and returns it as text.

    Waits for the bootstrap's end mark (`quiet` None) or for `quiet` seconds of silence, and not beyond `until`.
    """
    running = running_attempt()
    lines: list[str] = []
    while True:
        wait = max(0.0, until - time.monotonic()) if quiet is None else quiet
        try:
            line = worker._stderr_queue.get(timeout=wait) if wait else worker._stderr_queue.get_nowait()
        except queue.Empty:
            break
        text, mark, _request_id = line.partition(_LOG_END)
        if text or not mark:
            lines.append(text)
            if running:
                running[1].log_lines.append((line.time if isinstance(line, TimedLine) else time.time(), text))
        if mark or time.monotonic() > until:
            break
    return "\n".join(lines)


def _explain(error: FunctionError, config: dict[str, Any]) -> None:
    """Says what may be different here, where a module cannot be imported; once, although each attempt fails."""
    if error.type != "Runtime.ImportModuleError":
        return
    package = _RUNTIME_PACKAGE.search(error.message)
    if package:
        _warn_once("%s needs %s, which is part of Lambda's runtime but not installed here: npm install --save-dev %s",
                   config.get("FunctionName"), package[1], package[1])
    instead = stand_in(config.get("Runtime", ""))
    if instead:
        _warn_once("%s is made for %s, which is not installed here, and ran on %s: packages with native code do not load there",
                   config.get("FunctionName"), config.get("Runtime"), instead)


_warned: set[tuple[Any, ...]] = set()


def _warn_once(message: str, *values: Any) -> None:
    if (message, *values) not in _warned:
        _warned.add((message, *values))
        logger.warning(message, *values)


def _failed(error: FunctionError, log: str) -> dict[str, Any]:
    return {"status": "error", "error": error.message, "trace": "", "log": log}


def _reported_error(report: dict[str, Any], request_id: str) -> FunctionError:
    """An error that the runtime reported itself: from our bootstraps, or from a custom runtime (Go, Java)."""
    payload = {key: report[key] for key in ("errorMessage", "errorType", "stackTrace", "trace", "cause") if key in report}
    trace = report.get("stackTrace") or []
    stack = report.get("frames") or [f for f in trace if isinstance(f, dict)] or frames_of(trace)
    if "frames" in report and "stackTrace" in report:
        payload["requestId"] = request_id
    return FunctionError(type=report.get("errorType") or "Error", message=report.get("errorMessage") or "", stack=stack,
                         payload=payload, log_line=report.get("logLine", ""))


def _environment_error(message: str, request_id: str) -> FunctionError:
    """The environment gave no answer: it ran out of time, or its process ended."""
    if message.startswith("Task timed out"):
        text = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}.000Z {request_id} {message}"
        return _plain("Sandbox.Timedout", text, text)
    text = f"RequestId: {request_id} Error: Runtime exited without providing a reason"
    return _plain("Runtime.ExitError", text, text)


def _start_error(worker: Any, error: Exception, request_id: str) -> FunctionError:
    """The environment did not come up."""
    reported = getattr(worker, "_init_error", None)
    if isinstance(reported, dict):
        return _reported_error(reported, request_id)
    code = _EXIT_CODE.search(str(error))
    text = f"RequestId: {request_id} Error: Runtime exited with error: exit status {code.group(1)}" if code else str(error)
    return _plain(getattr(error, "error_type", "") or "Runtime.ExitError", text, text)


def _plain(error_type: str, message: str, log_line: str) -> FunctionError:
    return FunctionError(type=error_type, message=message, payload={"errorType": error_type, "errorMessage": message}, log_line=log_line)
