"""Integrations of REST APIs that are no proxies: a request is mapped for its backend (Lambda, an AWS service, an HTTP address, none), and the answer back.

ministack handed a proxy event to a function that expects what the template says, and knew of services only SQS. Source: API Gateway Developer Guide,
"Mapping template transformations", "Parameter mapping", "Set up Lambda custom integrations", "Set up mock integrations".
"""
from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from .api_gateway_tracing import call_of_stage
from .async_invocations import invoke_asynchronously
from .mapping_templates import Parameters, TemplateFailed, find_path, render
from .trace_context import current_header
from .wrapping import wrap

Integration = dict[str, Any]
Response = tuple[int, dict[str, Any], bytes]

_JSON = "application/json"
_TIMEOUT = 29  # seconds, API Gateway's own
_BOTOCORE_NAMES = {"states": "stepfunctions", "monitoring": "cloudwatch"}

logger = logging.getLogger("cdk_traced.rest_integrations")


@dataclass
class _Request:
    """A request that was authorized, with what its templates can ask for."""

    method: str
    headers: dict[str, str]
    body: str
    parameters: Parameters
    context: dict[str, Any]
    stage_variables: dict[str, str]
    account_id: str
    region: str

    def render(self, template: str, body: str) -> str:
        return render(template, body, self.parameters, self.context, self.stage_variables)

    def value(self, source: str, body: str, headers: dict[str, str]) -> str | None:
        """What a parameter is mapped from; `body` and `headers` are those of the backend's answer, in a response."""
        if len(source) >= 2 and source[0] == source[-1] == "'":
            return source[1:-1]
        kind, _, name = source.partition(".")
        if kind == "context":
            return _text(find_path(self.context, f"$.{name}"))
        if kind == "stageVariables":
            return self.stage_variables.get(name)
        side, _, rest = name.partition(".")
        place, _, key = rest.partition(".")
        if kind == "integration" and side == "response":
            if place in ("header", "multivalueheader"):
                return next((value for header, value in headers.items() if header.lower() == key.lower()), None)
            return body if not key else _text(find_path(_parsed(body), f"$.{key}"))
        if kind != "method" or side != "request":
            return None
        if place == "body":
            return self.body if not key else _text(find_path(_parsed(self.body), f"$.{key}"))
        values = {"path": self.parameters.path, "querystring": self.parameters.querystring, "multivaluequerystring": self.parameters.querystring}
        if place in values:
            return values[place].get(key)
        return next((value for header, value in self.parameters.header.items() if header.lower() == key.lower()), None)


class _Refused(Exception):
    """API Gateway answers by itself."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.response: Response = (status, {"Content-Type": _JSON}, json.dumps({"message": message}).encode())


_request: ContextVar[_Request | None] = ContextVar("cdk_traced_rest_request", default=None)


def install() -> None:
    from ministack.services import apigateway_v1, lambda_svc

    @wrap(apigateway_v1, "_authorize_request_v1", "(api_id, stage_name, method_obj, method, request_path, resource, headers, body, query_params, "
                                                  "path_params, stage, owner_account_id, owner_region)")
    async def authorize(original: Any, api_id: str, stage_name: str, method_obj: Any, method: str, request_path: str, resource: Any, headers: Any,
                        body: bytes, query_params: Any, path_params: Any, stage: Any, account_id: str, region: str) -> Any:
        error, authorizer = await original(api_id, stage_name, method_obj, method, request_path, resource, headers, body, query_params, path_params,
                                           stage, account_id, region)
        event = apigateway_v1._build_lambda_event_v1(api_id, stage_name, stage, resource, request_path, method, headers, body, query_params or {},
                                                     path_params, authorizer_context=authorizer)
        _request.set(_Request(
            method=method, headers=event["headers"], body=body.decode("utf-8", "replace") if body else "",
            parameters=Parameters(dict(path_params or {}), dict(event["queryStringParameters"] or {}), event["headers"]),
            context={**event["requestContext"], "requestOverride": {"header": {}, "path": {}, "querystring": {}}, "responseOverride": {"header": {}}},
            stage_variables=dict(stage.get("variables") or {}), account_id=account_id, region=region))
        return error, authorizer

    signature = ("(integration, api_id, stage_name, stage, resource, request_path, method, headers, body, query_params, path_params, *, "
                 "owner_account_id=None, owner_region=None, binary_media_types=None, authorizer_context=None, caller_identity=None)")

    @wrap(apigateway_v1, "_invoke_lambda_custom_v1", signature)
    async def invoke_custom(_original: Any, integration: Integration, *_arguments: Any, **_named: Any) -> Response:
        uri = integration.get("uri", "")
        if ":lambda:path/" in uri or uri.startswith("arn:aws:lambda:") or not uri.startswith("arn:"):
            return await _integrate(integration, lambda request, body: _call_function(apigateway_v1, lambda_svc, integration, request, body))
        return await _integrate(integration, lambda request, body: _call_service(integration, request, body))

    @wrap(apigateway_v1, "_invoke_sqs_v1", signature)
    async def invoke_sqs(_original: Any, integration: Integration, *_arguments: Any, **_named: Any) -> Response:
        return await _integrate(integration, lambda request, body: _call_service(integration, request, body))

    @wrap(apigateway_v1, "_invoke_mock_v1", "(integration)")
    def invoke_mock(_original: Any, integration: Integration) -> Response:
        request = _required_request()
        try:
            status = _parsed(_mapped_body(integration, request)).get("statusCode", 200)
            return _answer(integration, request, _Backend(int(status), "", {}, selected_by=str(status)))
        except (_Refused, TemplateFailed, AttributeError, ValueError) as error:
            return _failure(error)

    @wrap(apigateway_v1, "_invoke_http_proxy_v1", "(integration, path, method, headers, body, query_params, path_params=None)")
    async def invoke_http(original: Any, integration: Integration, path: str, method: str, headers: Any, body: bytes, query_params: Any,
                          path_params: Any = None) -> Any:
        if integration.get("type") != "HTTP":
            return await original(integration, path, method, headers, body, query_params, path_params)

        async def call(request: _Request, mapped: str) -> _Backend:
            outgoing = _outgoing(integration, request)
            kept = {name: value for name, value in headers.items() if name.lower() in ("accept", "content-type", "user-agent")}
            status, answered, text = await original(integration, path, integration.get("httpMethod") or method, {**kept, **outgoing.header},
                                                    mapped.encode(), {name: [value] for name, value in outgoing.querystring.items()}, path_params)
            return _Backend(status, _decoded(text), answered, selected_by=str(status))

        return await _integrate(integration, call)


@dataclass(frozen=True)
class _Backend:
    """A backend's answer."""

    status: int
    body: str
    headers: dict[str, Any]
    selected_by: str | None
    """What selection patterns are compared with: the status, or the message of a function's error. None takes the default."""


async def _integrate(integration: Integration, call: Any) -> Response:
    request = _required_request()
    try:
        return _answer(integration, request, await asyncio.wait_for(call(request, _mapped_body(integration, request)), _TIMEOUT))
    except asyncio.TimeoutError:
        return _Refused(504, "Endpoint request timed out").response
    except (_Refused, TemplateFailed) as error:
        return _failure(error)


def _failure(error: Exception) -> Response:
    if isinstance(error, _Refused):
        return error.response
    logger.warning("a mapping template of a REST API cannot be evaluated: %s", error)
    return _Refused(500, "Internal server error").response


def _required_request() -> _Request:
    request = _request.get()
    if request is None:
        raise RuntimeError("no request was authorized before its integration")
    return request


def _mapped_body(integration: Integration, request: _Request) -> str:
    """The request's body as the backend gets it."""
    templates = {key.split(";")[0].strip().lower(): template for key, template in (integration.get("requestTemplates") or {}).items()}
    content_type = next((value for key, value in request.headers.items() if key.lower() == "content-type"), _JSON).split(";")[0].strip().lower()
    if content_type in templates:
        return request.render(templates[content_type] or "", request.body)
    behavior = (integration.get("passthroughBehavior") or "WHEN_NO_MATCH").upper()
    if behavior == "NEVER" or (behavior == "WHEN_NO_TEMPLATES" and templates):
        raise _Refused(415, "Unsupported Media Type")
    return request.body


def _outgoing(integration: Integration, request: _Request) -> Parameters:
    """Headers, query and path of the request to the backend."""
    outgoing = Parameters()
    for destination, source in (integration.get("requestParameters") or {}).items():
        _, _, place, name = [*destination.split(".", 3), ""][:4]
        value = request.value(str(source), "", {})
        if value is not None and place in ("path", "querystring", "header"):
            getattr(outgoing, place)[name] = value
    for place, values in request.context["requestOverride"].items():
        getattr(outgoing, place).update({name: str(value) for name, value in values.items()})
    return outgoing


def _answer(integration: Integration, request: _Request, backend: _Backend) -> Response:
    """The method's response: chosen by its selection pattern, its headers and body mapped."""
    chosen = select_response(integration.get("integrationResponses") or {}, backend.selected_by)
    if chosen is None:  # "No match for output mapping and no default endpoint configured"
        raise _Refused(500, "Internal server error")
    headers: dict[str, Any] = {"Content-Type": _JSON}
    templates = chosen.get("responseTemplates") or {}
    body = backend.body
    if templates:
        accepted = next((value for key, value in request.headers.items() if key.lower() == "accept"), "").split(",")[0].split(";")[0].strip()
        content_type = next((name for name in (accepted, _JSON, *templates) if name in templates))
        headers["Content-Type"] = content_type
        if templates[content_type]:
            body = request.render(templates[content_type], backend.body)
    for destination, source in (chosen.get("responseParameters") or {}).items():
        value = request.value(str(source), backend.body, backend.headers)
        if value is not None and destination.startswith("method.response.header."):
            _set_header(headers, destination[len("method.response.header."):], value)
    override = request.context["responseOverride"]
    for name, value in override.get("header", {}).items():
        _set_header(headers, name, str(value))
    return int(override.get("status") or chosen.get("statusCode") or 200), headers, body.encode()


def select_response(responses: dict[str, Any], text: str | None) -> dict[str, Any] | None:
    """The integration response whose pattern matches all of the text, else the one without a pattern."""
    candidates = [response or {} for _status, response in sorted(responses.items())]
    if text is not None:
        for response in candidates:
            pattern = response.get("selectionPattern")
            try:
                if pattern and re.fullmatch(pattern, text, re.DOTALL if "\n" in text and ".*" in pattern else 0):
                    return response
            except re.error:
                continue
    return next((response for response in candidates if not response.get("selectionPattern")), None)


def _set_header(headers: dict[str, Any], name: str, value: str) -> None:
    for existing in [key for key in headers if key.lower() == name.lower()]:
        del headers[existing]
    headers[name] = value


async def _call_function(apigateway_v1: Any, lambda_svc: Any, integration: Integration, request: _Request, body: str) -> _Backend:
    uri = re.sub(r"\$\{stageVariables\.([^}]+)\}", lambda found: request.stage_variables.get(found[1], ""), integration.get("uri", ""))
    reference = apigateway_v1._extract_lambda_ref_from_integration_uri(uri)
    try:
        event = json.loads(body) if body.strip() else {}
    except ValueError as error:
        logger.warning("%s gets no event: the mapped request is not JSON (%s)", reference, error)
        raise _Refused(500, "Internal server error") from error
    invocation_type = next((value for name, value in _outgoing(integration, request).header.items() if name.lower() == "x-amz-invocation-type"), "")
    if invocation_type == "Event":
        func, config, name = lambda_svc._get_func_record_for_ref_in_scope(reference, account_id=request.account_id, region=request.region)
        if func is None or config is None:
            raise _Refused(500, "Internal server error")
        with call_of_stage(name, request.account_id, request.region, status=202):
            invoke_asynchronously(lambda_svc._execution_record_for_config(func, config), event)
        return _Backend(202, "", {}, selected_by=None)
    result, error = await apigateway_v1._call_lambda_raw(reference, event, account_id=request.account_id, region=request.region)
    if error:
        raise _Refused(500, "Internal server error")
    if result.get("throttle"):
        return _Backend(429, json.dumps(result.get("body")), {}, selected_by="Rate Exceeded")
    payload = result.get("body")
    text = _decoded(payload) if isinstance(payload, (bytes, bytearray)) else "null" if payload is None else json.dumps(payload, ensure_ascii=False)
    message = str(payload.get("errorMessage", "")) if result.get("error") and isinstance(payload, dict) else None
    return _Backend(200, text, {}, selected_by=message)


async def _call_service(integration: Integration, request: _Request, body: str) -> _Backend:
    """Calls an AWS API of this cloud as API Gateway does with `arn:aws:apigateway:<region>:<service>:action/<Action>` or `:path/<path>`."""
    _, _, _, region, service, target = (integration.get("uri", "").split(":", 5) + [""] * 6)[:6]
    kind, _, rest = target.partition("/")
    outgoing = _outgoing(integration, request)
    for name, value in outgoing.path.items():
        rest = rest.replace(f"{{{name}}}", urllib.parse.quote(value, safe="/"))
    subdomain, service = ("", service) if "." not in service else service.split(".", 1)
    url, method, headers, content = service_request(service, kind, rest, integration.get("httpMethod") or "POST", outgoing, body)
    status, answered, text = await asyncio.to_thread(_send, service, region or request.region, request.account_id, url, method, headers, content)
    return _Backend(status, _as_json(text) if text.lstrip().startswith("<") and service != "s3" else text, answered, selected_by=str(status))


def service_request(service: str, kind: str, rest: str, method: str, outgoing: Parameters, body: str) -> tuple[str, str, dict[str, str], bytes]:
    """Path with query, method, headers and body of the request to a service, in the protocol that it speaks."""
    headers = {**outgoing.header}
    path = f"/{rest}" if kind == "path" else "/"
    query = dict(outgoing.querystring)
    if kind == "action":
        protocol, version, target_prefix, api_version = _protocol_of(service)
        if protocol == "json":
            headers.setdefault("X-Amz-Target", f"{target_prefix}.{rest}")
            headers.setdefault("Content-Type", f"application/x-amz-json-{version}")
            method = "POST"
        elif protocol == "query":
            query = {"Action": rest, "Version": api_version, **query}
    if query:
        path += ("&" if "?" in path else "?") + urllib.parse.urlencode(query)
    if body and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/x-www-form-urlencoded" if re.match(r"^[\w.]+=", body) else _JSON
    return path, method, headers, body.encode()


def _protocol_of(service: str) -> tuple[str, str, str, str]:
    """Protocol, version of its JSON, prefix of targets and version of the API, from botocore's model."""
    from botocore.session import get_session

    metadata = get_session().get_service_model(_BOTOCORE_NAMES.get(service, service)).metadata
    # SQS speaks JSON today, but API Gateway still sends it forms.
    protocol = "query" if service == "sqs" else metadata["protocol"]
    return protocol, metadata.get("jsonVersion", "1.0"), metadata.get("targetPrefix", ""), metadata["apiVersion"]


def _send(service: str, region: str, account_id: str, path: str, method: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], str]:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    # The access key says which account a request is for.
    header = current_header()
    signed = AWSRequest(method=method, url=f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}{path}", data=body or None,
                        headers={**headers, **({"X-Amzn-Trace-Id": str(header)} if header else {})})
    SigV4Auth(Credentials(account_id, "made-up"), service, region).add_auth(signed)
    outgoing = urllib.request.Request(signed.url, data=body or None, method=method, headers=dict(signed.headers.items()))
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(outgoing, timeout=_TIMEOUT) as response:
            return response.status, dict(response.headers.items()), _decoded(response.read())
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers.items()), _decoded(error.read())


def _as_json(text: str) -> str:
    """An answer in XML as the JSON that API Gateway asks the services of the query protocol for."""
    def value(element: ElementTree.Element) -> Any:
        if not len(element):
            return element.text
        found: dict[str, Any] = {}
        for child in element:
            found[child.tag.rsplit("}", 1)[-1]] = value(child)
        return found

    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return text
    return json.dumps({root.tag.rsplit("}", 1)[-1]: value(root)})


def _parsed(text: str) -> Any:
    try:
        return json.loads(text) if text else {}
    except ValueError:
        return {}


def _decoded(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, (bytes, bytearray)) else str(value)


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)
