"""The trace header of requests to the cloud's AWS APIs."""
from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from .lambda_invocations import api_request
from .trace_context import trace_context
from .trace_header import TraceHeader

AsgiApp = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


def traced_app(app: AsgiApp) -> AsgiApp:
    """ministack's application, each request of which belongs to the trace that its `X-Amzn-Trace-Id` names."""

    async def traced(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)
            return
        text = next((value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"x-amzn-trace-id"), None)
        header = TraceHeader.parse(text)
        request: dict[str, Any] = {}
        api_request.set(request)

        async def send_with_request_id(message: dict[str, Any]) -> None:
            # The request id that a caller of Lambda sees is the function's own, as on AWS.
            request_id = request.get("request_id")
            if message["type"] == "http.response.start" and request_id:
                kept = [h for h in message.get("headers", []) if h[0].lower() not in (b"x-amzn-requestid", b"x-amz-request-id")]
                message = {**message, "headers": [*kept, (b"x-amzn-requestid", request_id.encode())]}
            await send(message)

        if header and header.invoke_depth():
            # ministack stops loops by a header of its own; the count travels in the trace header here.
            scope = {**scope, "headers": [*scope["headers"], (b"x-ministack-invoke-depth", str(header.invoke_depth()).encode())]}
        with trace_context(header):
            await app(scope, receive, send_with_request_id)

    return traced
