"""Writes an invocation's lines to CloudWatch Logs as Lambda does: one stream for each execution environment, the platform's
START, END and REPORT lines, and the line that ties the request to its trace."""
from __future__ import annotations

import logging
import time
from typing import Any

from . import platform_events
from .invocation import Attempt, Invocation, running_attempt
from .wrapping import wrap

logger = logging.getLogger("cdk_traced.logs")


def install() -> None:
    from ministack.services import lambda_svc

    @wrap(lambda_svc, "_emit_lambda_logs", "(func, request_id, log_text, error, duration_ms, *, log_source=None)")
    def emit(original: Any, func: Any, request_id: str, log_text: str, error: bool, duration_ms: int, *, log_source: Any = None) -> None:
        running = running_attempt()
        if not running or log_source == "rie":
            original(func, request_id, log_text, error, duration_ms, log_source=log_source)
            return
        config = func.get("config") or func
        invocation, attempt = running
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{invocation.function_name}"
        events = log_events(invocation, attempt, config, lambda_svc._probe_peak_memory_mb(func))
        _put(group, attempt.log_stream or f"unknown/{invocation.request_id}", events)


def log_events(invocation: Invocation, attempt: Attempt, config: dict[str, Any], used_memory: int) -> list[dict[str, Any]]:
    """CloudWatch Logs events (`timestamp` in milliseconds, `message`) of one attempt, in order. `used_memory` in MB."""
    request_id = invocation.request_id
    started = attempt.began
    ended = attempt.handler_ended or time.time()
    before = [line for line in attempt.log_lines if line[0] < started]
    during = attempt.log_lines[len(before):]
    lines: list[tuple[float, str]] = []
    if (config.get("LoggingConfig") or {}).get("LogFormat") == "JSON":
        at_start, at_request, at_end = platform_events.log_lines(invocation, attempt, config, used_memory, started, ended)
        return _in_order([*at_start, *before, *at_request, *during, *at_end])
    if attempt.initialization:
        lines.append((attempt.initialization[0], f"INIT_START Runtime Version: {config.get('Runtime', 'unknown')} (local)"))
    lines += before
    lines.append((started, f"START RequestId: {request_id} Version: {config.get('Version', '$LATEST')}"))
    lines += during
    if attempt.error and attempt.error.log_line:
        lines.append((ended, attempt.error.log_line))
    lines.append((ended, f"END RequestId: {request_id}"))
    lines.append((ended, _report(invocation, attempt, config, used_memory, started, ended)))
    return _in_order(lines)


def _in_order(lines: list[tuple[float, str]]) -> list[dict[str, Any]]:
    last = 0
    events = []
    for at, message in lines:
        last = max(last, int(at * 1000))  # lines keep their order, whatever the clocks of two processes say
        events.append({"timestamp": last, "message": message})
    return events


def _report(invocation: Invocation, attempt: Attempt, config: dict[str, Any], used_memory: int, started: float, ended: float) -> str:
    duration = (ended - started) * 1000
    fields = [
        f"REPORT RequestId: {invocation.request_id}", f"Duration: {duration:.2f} ms", f"Billed Duration: {int(duration) + 1} ms",
        f"Memory Size: {config.get('MemorySize', 128)} MB", f"Max Memory Used: {used_memory} MB",
    ]
    if attempt.initialization:
        fields.append(f"Init Duration: {(attempt.initialization[1] - attempt.initialization[0]) * 1000:.2f} ms")
    if attempt.error:
        timed_out = attempt.error.type == "Sandbox.Timedout"
        fields += ["Status: timeout"] if timed_out else ["Status: error", f"Error Type: {attempt.error.type}"]
    report = "\t".join(fields)
    if invocation.sampled:
        report += (f"\nXRAY TraceId: {invocation.header.trace_id}\tSegmentId: {attempt.function_segment_id}\tSampled: true")
    return report


def _put(group: str, stream: str, events: list[dict[str, Any]]) -> None:
    """Stores the events through the service's own operations, so that metric and subscription filters see them."""
    from ministack.services import cloudwatch_logs

    try:
        if group not in cloudwatch_logs._log_groups:
            cloudwatch_logs._create_log_group({"logGroupName": group})
        if stream not in cloudwatch_logs._log_groups[group]["streams"]:
            cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
        cloudwatch_logs._put_log_events({"logGroupName": group, "logStreamName": stream, "logEvents": events})
    except Exception:  # a log that cannot be written must not fail the invocation
        logger.exception("log lines of %s are lost", group)
