"""Makes every invocation of a function an `Invocation` with a sampling decision, and sends Lambda's own segments for it.

Everything that runs a function in ministack goes through `lambda_svc._execute_function`. What reaches it without an
attempt prepared by `async_invocations` is a synchronous invocation.
"""
from __future__ import annotations

import time
import uuid
from contextvars import ContextVar
from typing import Any

from .invocation import (Attempt, FunctionError, Invocation, TraceLink, decide, reset_running_attempt, running_attempt,
                         set_running_attempt)
from .lambda_segments import function_segment, service_segment
from .sampling import sampler
from .segment_sender import send_segment
from .trace_context import current_header
from .tracing_modes import function_mode, tell_untraced
from .wrapping import wrap

trace_links: ContextVar[list[TraceLink] | None] = ContextVar("cdk_traced_links", default=None)
"""The senders of the messages that the next invocation handles."""

api_request: ContextVar[dict[str, Any] | None] = ContextVar("cdk_traced_api_request", default=None)
"""Where the request id of a call of Lambda's Invoke API is left for the response's header."""


def install() -> None:
    from ministack.services import lambda_svc

    @wrap(lambda_svc, "_xray_trace_id_for_invocation", "(config, inbound_trace_header=None)")
    def trace_id_for_invocation(original: Any, config: dict[str, Any], inbound_trace_header: str | None = None) -> str | None:
        running = running_attempt()
        return str(running[0].function_header(running[1])) if running else original(config, inbound_trace_header)

    @wrap(lambda_svc, "_execute_function", "(func, event)")
    def execute(original: Any, func: dict[str, Any], event: Any) -> dict[str, Any]:
        config = func.get("config") or func
        # Out of scope, ministack calls itself again in the function's account and region.
        if running_attempt() or lambda_svc._function_config_scope_mismatch(config):
            return original(func, event)
        return _invoke_synchronously(original, func, config, event)

    @wrap(lambda_svc, "_execute_function_dispatch", "(func, config, event, request_id, started)")
    def dispatch(original: Any, func: Any, config: Any, event: Any, request_id: str, started: float) -> dict[str, Any]:
        running = running_attempt()
        if not running:
            return original(func, config, event, request_id, started)
        invocation, attempt = running
        result = original(func, config, event, invocation.request_id, started)
        attempt.ended = time.time()
        attempt.executed = not result.get("throttle")
        if result.get("error") and not attempt.error and attempt.executed:
            attempt.error = _error_of(result)
        if attempt.error:
            result["body"] = attempt.error.payload
        if attempt.raw_payload:
            result["raw_payload"] = True
        if invocation.sampled and attempt.executed:
            send_segment(function_segment(invocation, attempt))
        return result

    @wrap(lambda_svc, "_invoke", "(name, event, headers, path_qualifier=None, query_params=None)")
    async def invoke_api(original: Any, *args: Any, **kwargs: Any) -> Any:
        request = api_request.get()
        if request is not None:
            request["is_invoke"] = True
        return await original(*args, **kwargs)


def begin_invocation(config: dict[str, Any], event: Any, asynchronous: bool) -> Invocation:
    """An invocation of the function with `config`, received now, in the trace of the work at hand."""
    arn = config.get("FunctionArn", "")
    mode = function_mode(config, event)
    inbound = current_header()
    invocation = Invocation(
        function_name=config.get("FunctionName", "unknown"),
        function_arn=arn,
        account_id=arn.split(":")[4] if arn.count(":") >= 6 else "",
        request_id=str(uuid.uuid4()),
        asynchronous=asynchronous,
        received=time.time(),
        header=decide(mode, inbound, lambda: sampler.decide(arn)),
        links=trace_links.get() or [],
    )
    if inbound is None or inbound.sampled is None:
        tell_untraced(invocation.function_name, mode, event)
    request = api_request.get()
    if request is not None and request.pop("is_invoke", False):
        request["request_id"] = invocation.request_id
    return invocation


def run_attempt(execute: Any, func: dict[str, Any], event: Any, invocation: Invocation) -> tuple[Attempt, dict[str, Any]]:
    """Executes the function once as the next attempt of `invocation`; gives the attempt and ministack's result."""
    attempt = Attempt(number=len(invocation.attempts) + 1, started=time.time())
    token = set_running_attempt((invocation, attempt))
    try:
        result = execute(func, event)
    finally:
        reset_running_attempt(token)
    if attempt.executed:
        invocation.attempts.append(attempt)
    return attempt, result


def _invoke_synchronously(execute: Any, func: dict[str, Any], config: dict[str, Any], event: Any) -> dict[str, Any]:
    invocation = begin_invocation(config, event, asynchronous=False)
    _attempt, result = run_attempt(execute, func, event, invocation)
    invocation.responded = time.time()
    invocation.throttled = bool(result.get("throttle"))
    if invocation.sampled:
        send_segment(service_segment(invocation))
    return result


def _error_of(result: dict[str, Any]) -> FunctionError:
    """The error in a result that did not come from an environment that we observe (a container, a proxy)."""
    body = result.get("body") if isinstance(result.get("body"), dict) else {"errorMessage": str(result.get("body"))}
    return FunctionError(type=body.get("errorType") or "Error", message=body.get("errorMessage") or "", payload=body)
