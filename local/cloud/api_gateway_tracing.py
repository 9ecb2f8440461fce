"""API Gateway: a segment for REST API stages with tracing on, and the trace header for what they call.

Shape of the segment and rules: X-Ray Developer Guide, "API Gateway active tracing support".
"""
from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from .sampling import sampler
from .segment_sender import send_segment
from .trace_context import current_header, trace_context
from .trace_header import TraceHeader, new_segment_id, new_trace_id
from .tracing_modes import is_stage_traced
from .wrapping import wrap

_HEADER_NAME = "X-Amzn-Trace-Id"


@dataclass
class _StageRequest:
    """A request to a traced stage while it is handled."""

    header: TraceHeader
    segment_id: str = field(default_factory=new_segment_id)
    started: float = field(default_factory=time.time)
    subsegments: list[dict[str, Any]] = field(default_factory=list)


_stage_request: ContextVar[_StageRequest | None] = ContextVar("cdk_traced_stage_request", default=None)


def install() -> None:
    from ministack.services import apigateway_v1, lambda_svc

    @wrap(apigateway_v1, "handle_execute", "(api_id, stage_name, method, path, headers, body, query_params)")
    async def handle_execute(original: Any, api_id: str, stage_name: str, method: str, path: str, headers: dict[str, str],
                             body: bytes, query_params: Any) -> Any:
        stage = apigateway_v1.stages_for_api(api_id).get(stage_name)
        if not stage:
            return await original(api_id, stage_name, method, path, headers, body, query_params)
        header = stage_header(current_header(), is_stage_traced(stage), lambda: sampler.decide(f"{api_id}/{stage_name}"))
        request = _StageRequest(header)
        traced = bool(is_stage_traced(stage) and header.sampled)
        inner = header.child_of(request.segment_id) if traced else header
        token = _stage_request.set(request if traced else None)
        headers = {**{k: v for k, v in headers.items() if k.lower() != _HEADER_NAME.lower()}, _HEADER_NAME: str(inner)}
        try:
            with trace_context(inner):
                status, response_headers, response = await original(api_id, stage_name, method, path, headers, body, query_params)
        finally:
            _stage_request.reset(token)
        response_headers = {**response_headers, _HEADER_NAME: str(inner)}
        if traced:
            account_id, region = apigateway_v1.find_api_scope(api_id)
            name = apigateway_v1._rest_apis.get_scoped(account_id, region, api_id, {}).get("name", api_id)
            send_segment(stage_segment(request, f"{name}/{stage_name}", account_id, region, api_id, stage_name, method, path,
                                       headers, status, response_headers, len(response or b"")))
        return status, response_headers, response

    @wrap(apigateway_v1, "_call_lambda_raw", "(function_ref, event, *, account_id=None, region=None)")
    async def call_lambda(original: Any, function_ref: str, event: Any, *, account_id: str | None = None, region: str | None = None) -> Any:
        request = _stage_request.get()
        if request is None:
            return await original(function_ref, event, account_id=account_id, region=region)
        subsegment_id, started = new_segment_id(), time.time()
        with trace_context(request.header.child_of(subsegment_id)):
            result, error = await original(function_ref, event, account_id=account_id, region=region)
        name = lambda_svc._resolve_name(function_ref)
        request.subsegments.append(function_subsegment(subsegment_id, started, time.time(), name, account_id, region, result))
        return result, error


@contextmanager
def call_of_stage(name: str, account_id: str, region: str, status: int) -> Iterator[None]:
    """Records the call of a function that the stage does not wait for, where its request is traced."""
    request = _stage_request.get()
    if request is None:
        yield
        return
    subsegment_id, started = new_segment_id(), time.time()
    with trace_context(request.header.child_of(subsegment_id)):
        yield
    subsegment = function_subsegment(subsegment_id, started, time.time(), name, account_id, region, {})
    subsegment["http"]["response"]["status"] = status
    request.subsegments.append(subsegment)


def stage_header(inbound: TraceHeader | None, tracing: bool, sample: Any) -> TraceHeader:
    """The header with which a stage goes on. Without tracing it passes on what came, or names a trace that nobody records."""
    header = inbound or TraceHeader(new_trace_id())
    if header.sampled is not None or not tracing:
        return header
    return replace(header, sampled=bool(sample()))


def stage_segment(request: _StageRequest, name: str, account_id: str, region: str, api_id: str, stage_name: str, method: str, path: str,
                  headers: dict[str, str], status: int, response_headers: dict[str, str], length: int) -> dict[str, Any]:
    """The `AWS::ApiGateway::Stage` segment of one request; ends now. `length` of the response in bytes."""
    lower = {key.lower(): value for key, value in headers.items()}
    request_id = next((v for k, v in response_headers.items() if k.lower() == "x-amzn-requestid"), request.segment_id)
    document: dict[str, Any] = {
        "id": request.segment_id,
        "name": name,
        "start_time": request.started,
        "end_time": time.time(),
        "trace_id": request.header.trace_id,
        "http": {
            "request": {
                "url": f"https://{api_id}.execute-api.{region}.amazonaws.com/{stage_name}{path}",
                "method": method,
                "user_agent": lower.get("user-agent", ""),
                "client_ip": lower.get("x-forwarded-for", "127.0.0.1").split(",")[0].strip(),
            },
            "response": {"status": status, "content_length": length},
        },
        "aws": {"api_gateway": {"account_id": account_id, "rest_api_id": api_id, "stage": stage_name, "request_id": request_id}},
        "annotations": {"aws:api_id": api_id, "aws:api_stage": stage_name},
        "origin": "AWS::ApiGateway::Stage",
        "resource_arn": f"arn:aws:apigateway:{region}::/restapis/{api_id}/stages/{stage_name}",
        **_outcome(status),
    }
    if request.header.parent_id:
        document["parent_id"] = request.header.parent_id
    if request.subsegments:
        document["subsegments"] = request.subsegments
    return document


def function_subsegment(subsegment_id: str, started: float, ended: float, name: str, account_id: str | None, region: str | None,
                        result: dict[str, Any] | None) -> dict[str, Any]:
    """The call of a function from a stage."""
    arn = f"arn:aws:lambda:{region}:{account_id}:function:{name}"
    status = 429 if (result or {}).get("throttle") else 404 if result is None else 200
    return {
        "id": subsegment_id,
        "name": "Lambda",
        "start_time": started,
        "end_time": ended,
        "namespace": "aws",
        "http": {
            "request": {"url": f"https://lambda.{region}.amazonaws.com/2015-03-31/functions/{arn}/invocations", "method": "POST"},
            "response": {"status": status},
        },
        "aws": {"function_name": name, "region": region, "operation": "Invoke", "resource_names": [name]},
        **({"fault": True} if status == 200 and (result or {}).get("error") else _outcome(status)),
    }


def _outcome(status: int) -> dict[str, bool]:
    if status == 429:
        return {"error": True, "throttle": True}
    return {"fault": True} if status >= 500 else {"error": True} if status >= 400 else {}
