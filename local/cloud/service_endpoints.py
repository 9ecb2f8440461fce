"""X-Ray's API on the cloud's own address, so that one endpoint serves every service; and a word to those who ask for a service that is not there."""
from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any

from .wrapping import wrap

AsgiApp = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

_SCOPE = re.compile(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/")
_PASSED_ON = ("content-type", "content-encoding", "user-agent", "x-amzn-trace-id")
_TIMEOUT = 30  # seconds
_CODE = "UnsupportedServiceException"

logger = logging.getLogger("cdk_traced.services")


def install() -> None:
    from ministack import app as ministack_app

    @wrap(ministack_app, "detect_service", "(method, path, headers, query_params)")
    def detect_service(original: Any, method: str, path: str, headers: dict[str, str], query_params: Any) -> str:
        service = original(method, path, headers, query_params)
        if service not in ministack_app.SERVICE_HANDLERS:
            logger.warning("%s was asked for, which is not part of the local cloud: its calls fail", service)
            ministack_app.SERVICE_HANDLERS[service] = _refuser(service)
        return service


def _refuser(service: str) -> Any:
    async def refuse(_method: str, _path: str, headers: dict[str, str], _body: bytes, _query_params: Any) -> tuple[int, dict[str, str], bytes]:
        return refusal(service, headers.get("content-type", ""))

    return refuse


def refusal(service: str, content_type: str) -> tuple[int, dict[str, str], bytes]:
    """An error of the protocol that the caller speaks, which its SDK shows with the message."""
    message = f"the local cloud has no {service}"
    if content_type.startswith("application/x-www-form-urlencoded"):
        body = f"<ErrorResponse><Error><Type>Sender</Type><Code>{_CODE}</Code><Message>{message}</Message></Error></ErrorResponse>"
        return 400, {"Content-Type": "text/xml"}, body.encode()
    body = json.dumps({"__type": _CODE, "message": message})
    return 400, {"Content-Type": content_type or "application/json", "x-amzn-ErrorType": _CODE}, body.encode()


def with_xray(app: AsgiApp) -> AsgiApp:
    """The application, with requests that are signed for X-Ray answered by the local X-Ray."""

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        endpoint = os.environ.get("CDK_TRACED_XRAY_ENDPOINT")
        if scope["type"] != "http" or signed_for(scope["headers"]) != "xray":
            await app(scope, receive, send)
        elif not endpoint:
            await _respond(send, *refusal("xray: the launcher runs X-Ray beside it (--web-port, 2080)", "application/json"))
        else:
            await _pass_on(endpoint, scope, receive, send)

    return application


def signed_for(headers: list[tuple[bytes, bytes]]) -> str | None:
    """The service in the credential scope of a request's signature."""
    authorization = next((value for name, value in headers if name.lower() == b"authorization"), b"")
    found = _SCOPE.search(authorization.decode("latin-1"))
    return found[1] if found else None


async def _pass_on(endpoint: str, scope: dict[str, Any], receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    path = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope.get("query_string") else "")
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"] if name.decode("latin-1").lower() in _PASSED_ON}
    await _respond(send, *await asyncio.to_thread(_ask, endpoint + path, scope["method"], headers, body))


def _ask(url: str, method: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(url, data=body or None, method=method, headers=headers)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=_TIMEOUT) as response:
            return response.status, dict(response.headers.items()), response.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers.items()), error.read()
    except OSError as error:
        message = f"the local X-Ray at {url} does not answer: {error}"
        return 503, {"content-type": "application/json"}, json.dumps({"message": message}).encode()


async def _respond(send: Any, status: int, headers: dict[str, str], body: bytes) -> None:
    kept = [(name.lower().encode(), value.encode()) for name, value in headers.items() if name.lower() not in ("connection", "transfer-encoding", "content-length")]
    await send({"type": "http.response.start", "status": status, "headers": [*kept, (b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})
