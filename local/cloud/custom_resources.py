"""Custom resources whose function fails before it can answer.

On AWS, CloudFormation then waits for up to an hour without a word. Here the resource fails at once, with the function's
error; and a function that ended without an answer, which is right only where something else answers later, is told of.
"""
from __future__ import annotations

import logging
import threading
from typing import Any

from .wrapping import wrap

_PATIENCE = 20.0  # seconds after which a resource that nobody has answered for is worth a warning

logger = logging.getLogger("cdk_traced.custom_resources")


def install() -> None:
    from ministack.services import lambda_svc
    from ministack.services.cloudformation import custom_resource

    @wrap(lambda_svc, "_execute_function_with_config_scope", "(func, event)")
    def execute(original: Any, func: dict[str, Any], event: Any) -> dict[str, Any] | None:
        result = original(func, event)
        token = response_token(event)
        if token and not _is_answered(custom_resource, token):
            name = (func.get("config") or func).get("FunctionName", "unknown")
            if result and result.get("error"):
                custom_resource.deliver_response(token, {"Status": "FAILED", "Reason": failure_reason(name, result.get("body"))})
            else:
                _warn_later(custom_resource, token, f"{event.get('LogicalResourceId')} waits for an answer: its function {name} has ended without one")
        return result


def response_token(event: Any) -> str | None:
    """What names the answer to a custom resource's event, or None where it is another event."""
    url = event.get("ResponseURL") if isinstance(event, dict) else None
    _, found, token = url.partition("/_ministack/cfn-response/") if isinstance(url, str) else ("", "", "")
    return token if found else None


def failure_reason(function_name: str, body: Any) -> str:
    """What CloudFormation shows for the resource; `body` is the error that the function's runtime reported."""
    error = body if isinstance(body, dict) else {"errorMessage": str(body)}
    what = ": ".join(str(error[key]).split("\n")[0] for key in ("errorType", "errorMessage") if error.get(key))
    return f"the function {function_name} failed without an answer: {what}"


def _is_answered(custom_resource: Any, token: str) -> bool:
    with custom_resource._lock:
        entry = custom_resource._pending.get(token)
        return entry is None or entry["result"] is not None


def _warn_later(custom_resource: Any, token: str, message: str) -> None:
    def warn() -> None:
        if not _is_answered(custom_resource, token):
            logger.warning(message)

    timer = threading.Timer(_PATIENCE, warn)
    timer.daemon = True
    timer.start()
