"""What Lambda itself says of an environment and of its requests: records of the Telemetry API, and the lines of a log in JSON.
Plain data, no ministack.

Source: Lambda Developer Guide, "Lambda Telemetry API Event schema reference" and "Log-level filtering", "System log level event mapping".
"""
from __future__ import annotations

import datetime
import json
from typing import Any

from .invocation import Attempt, Invocation

Event = dict[str, Any]

_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")


def event(kind: str, at: float, record: Any) -> Event:
    return {"time": iso(at), "type": kind, "record": record}


def iso(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def init_start(config: dict[str, Any], at: float, stream: str = "") -> Event:
    return event("platform.initStart", at, {
        "initializationType": "on-demand", "phase": "init", "runtimeVersion": f"{config.get('Runtime', 'unknown')} (local)",
        "functionName": config.get("FunctionName", ""), "functionVersion": config.get("Version", "$LATEST"),
        "instanceId": stream, "instanceMaxMemory": int(config.get("MemorySize") or 128) * 1024 * 1024,
    })


def init_runtime_done(at: float, error_type: str | None = None) -> Event:
    return event("platform.initRuntimeDone", at, {"initializationType": "on-demand", "phase": "init", **_status(error_type)})


def init_report(started: float, ended: float, error_type: str | None = None) -> Event:
    return event("platform.initReport", ended, {
        "initializationType": "on-demand", "phase": "init", **_status(error_type), "metrics": {"durationMs": _ms(started, ended)}})


def start(request_id: str, version: str, at: float, trace_header: str | None = None) -> Event:
    return event("platform.start", at, {"requestId": request_id, "version": version, **_tracing(trace_header)})


def runtime_done(request_id: str, started: float, ended: float, produced: int, error_type: str | None = None,
                 trace_header: str | None = None) -> Event:
    return event("platform.runtimeDone", ended, {
        "requestId": request_id, **_status(error_type), "metrics": {"durationMs": _ms(started, ended), "producedBytes": produced},
        "spans": [{"name": "responseLatency", "start": iso(started), "durationMs": _ms(started, ended)}], **_tracing(trace_header),
    })


def report(request_id: str, started: float, ended: float, memory: int, used_memory: int, initialization: tuple[float, float] | None = None,
           error_type: str | None = None, trace_header: str | None = None) -> Event:
    """Memory in MB."""
    duration = _ms(started, ended)
    metrics: dict[str, Any] = {"durationMs": duration, "billedDurationMs": int(duration) + 1, "memorySizeMB": memory, "maxMemoryUsedMB": used_memory}
    if initialization:
        metrics["initDurationMs"] = _ms(*initialization)
    return event("platform.report", ended, {"requestId": request_id, "metrics": metrics, **_status(error_type), **_tracing(trace_header)})


def log_lines(invocation: Invocation, attempt: Attempt, config: dict[str, Any], used_memory: int, started: float,
              ended: float) -> tuple[list[tuple[float, str]], ...]:
    """Lambda's own lines of one attempt in a log in JSON: before the function's start, before its request, and after it."""
    level = str((config.get("LoggingConfig") or {}).get("SystemLogLevel") or "INFO")
    header = str(invocation.function_header(attempt)) if invocation.sampled else None
    error = attempt.error.type if attempt.error else None
    version = config.get("Version", "$LATEST")
    initialization = attempt.initialization
    before = [init_start(config, initialization[0], attempt.log_stream or "")] if initialization else []
    if initialization and not attempt.handler_started and error and error != "Sandbox.Timedout":
        before.append(init_report(*initialization, error_type=error))
    after = [runtime_done(invocation.request_id, started, ended, 0, error, header),
             report(invocation.request_id, started, ended, int(config.get("MemorySize") or 128), used_memory, initialization, error, header)]
    return tuple([(_seconds(each), json.dumps(each, separators=(",", ":"))) for each in events if is_logged(each, level)]
                 for events in (before, [start(invocation.request_id, version, started, header)], after))


def is_logged(each: Event, level: str) -> bool:
    """Whether a function's system log level lets this event into its log."""
    failed = each["record"].get("status", "success") != "success"
    own = "WARN" if failed else "DEBUG" if each["type"] in ("platform.initRuntimeDone", "platform.initReport", "platform.runtimeDone") else "INFO"
    return _LEVELS.index(own) >= (_LEVELS.index(level) if level in _LEVELS else 2)


def _seconds(each: Event) -> float:
    return datetime.datetime.fromisoformat(each["time"].replace("Z", "+00:00")).timestamp()


def _status(error_type: str | None) -> dict[str, str]:
    if not error_type:
        return {"status": "success"}
    if error_type == "Sandbox.Timedout":
        return {"status": "timeout", "errorType": error_type}
    return {"status": "failure" if error_type.startswith(("Runtime.", "Extension.")) else "error", "errorType": error_type}


def _tracing(header: str | None) -> dict[str, Any]:
    if not header:
        return {}
    parent = next((part[len("Parent="):] for part in header.split(";") if part.startswith("Parent=")), "")
    return {"tracing": {"spanId": parent, "type": "X-Amzn-Trace-Id", "value": header}}


def _ms(start_at: float, end_at: float) -> float:
    return round(max(0.0, end_at - start_at) * 1000, 3)
