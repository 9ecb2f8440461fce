"""Addresses of API Gateway's APIs in what CloudFormation resolves: outputs that can be opened, environment variables that functions can call.

On AWS an API is at https://<id>.execute-api.<region>.amazonaws.com/<stage>. That host is not this machine, and names below
`localhost` are not found everywhere, so the address becomes the one by path that ministack knows too.
"""
from __future__ import annotations

import os
import re
from typing import Any

from .wrapping import wrap

_ADDRESS = re.compile(r"https://([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?(?=/|$)")


def install() -> None:
    from ministack.services import apigateway, apigateway_v1
    from ministack.services.cloudformation import stacks

    def is_here(api_id: str) -> bool:
        return bool(apigateway_v1.find_api_scope(api_id) or apigateway.find_api_scope(api_id))

    @wrap(stacks, "_resolve_refs", "(value, resources, params, conditions, mappings, stack_name, stack_id)")
    def resolve_refs(original: Any, *arguments: Any, **named: Any) -> Any:
        return with_local_addresses(original(*arguments, **named), is_here, f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}")


def with_local_addresses(value: Any, is_here: Any, endpoint: str) -> Any:
    """The value, in all of whose texts the addresses of the APIs that are here are those of this machine."""
    if isinstance(value, dict):
        return {key: with_local_addresses(item, is_here, endpoint) for key, item in value.items()}
    if isinstance(value, list):
        return [with_local_addresses(item, is_here, endpoint) for item in value]
    if not isinstance(value, str) or "execute-api" not in value:
        return value
    return _ADDRESS.sub(lambda found: f"{endpoint}/_aws/execute-api/{found[1]}" if is_here(found[1]) else found[0], value)
