"""What is recorded of the handler itself, beside its calls."""

import json
import os

from .settings import COLD_START, HANDLER, RESPONSE

# A response beyond this would not fit into a datagram together with the rest of its document.
_LARGEST_RESPONSE_BYTES = 30_000

NAME = f"## {HANDLER}"

# Deploy-time values, which may not be known when the package is made.
_fixed = json.loads(os.environ.get("CDK_TRACED_FUNCTION_ANNOTATIONS", "{}"))
_is_first = True


def annotations():
    """Of the invocation that begins now. None when nothing is recorded of any."""
    global _is_first
    was_first, _is_first = _is_first, False
    if not (_fixed or COLD_START or RESPONSE):
        return None
    return {**_fixed, "ColdStart": was_first} if COLD_START else _fixed


def recorded(response):
    """What the handler returns, or how large it was. None when that is not recorded."""
    if not RESPONSE or response is None:
        return None
    try:
        size = len(json.dumps(response).encode())
    except (TypeError, ValueError) as error:
        return {"omitted": str(error)}  # Lambda will fail to send it, and say so
    return response if size <= _LARGEST_RESPONSE_BYTES else {"omitted": f"{size} bytes"}
