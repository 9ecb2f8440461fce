"""Addresses of API Gateway's and AppSync's APIs and of function URLs in what CloudFormation resolves: outputs that can be opened, environment variables
that functions can call.

On AWS an API is at https://<id>.execute-api.<region>.amazonaws.com/<stage>, and a function at https://<id>.lambda-url.<region>.on.aws/. Those
hosts are not this machine, and names below `localhost` are not found everywhere, so the address becomes the one by path that ministack knows too.
"""
from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

from .wrapping import wrap

_ADDRESS = re.compile(r"(?P<scheme>https?|wss?)://(?P<id>[a-z0-9]+)\.(?:"
                      r"(?P<api>execute-api)\.(?:[a-z0-9-]+\.amazonaws\.com(?:\.cn)?|localhost:\d+)"
                      r"|(?P<function>lambda-url)\.[a-z0-9-]+\.on\.aws"
                      r"|(?P<graphql>appsync-api)\.[a-z0-9-]+\.amazonaws\.com/graphql)(?=/|$)")


def install() -> None:
    from ministack.services import apigateway, apigateway_v1, appsync, lambda_svc
    from ministack.services.cloudformation import stacks

    def is_here(service: str, resource_id: str) -> bool:
        if service == "lambda-url":
            return lambda_svc.resolve_function_url(resource_id) is not None
        if service == "appsync-api":
            return any(key[-1] == resource_id for key, _api in appsync._apis.all_items())
        return bool(apigateway_v1.find_api_scope(resource_id) or apigateway.find_api_scope(resource_id))

    @wrap(apigateway, "_api_endpoint_scheme", "(protocol)")
    def endpoint_scheme(original: Any, protocol: str) -> str:
        scheme = original(protocol)
        return "ws" if protocol == "WEBSOCKET" and scheme == "http" else scheme

    @wrap(stacks, "_resolve_refs", "(value, resources, params, conditions, mappings, stack_name, stack_id)")
    def resolve_refs(original: Any, *arguments: Any, **named: Any) -> Any:
        return with_local_addresses(original(*arguments, **named), is_here, f"127.0.0.1:{os.environ['GATEWAY_PORT']}")


def with_local_addresses(value: Any, is_here: Callable[[str, str], bool], host: str) -> Any:
    """The value, in all of whose texts the addresses of what is here are those of this machine.

    `is_here` is asked with `execute-api`, `lambda-url` or `appsync-api`, and an id; `host` is a name with a port.
    """
    if isinstance(value, dict):
        return {key: with_local_addresses(item, is_here, host) for key, item in value.items()}
    if isinstance(value, list):
        return [with_local_addresses(item, is_here, host) for item in value]
    if not isinstance(value, str) or not any(service in value for service in ("execute-api", "lambda-url", "appsync-api")):
        return value

    def local(found: re.Match[str]) -> str:
        service = found["api"] or found["function"] or found["graphql"]
        if found["graphql"]:
            return f"http://{host}/v1/apis/{found['id']}/graphql" if is_here(service, found["id"]) else found[0]
        scheme = "ws" if found["scheme"].startswith("ws") else "http"
        return f"{scheme}://{host}/_aws/{service}/{found['id']}" if is_here(service, found["id"]) else found[0]

    return _ADDRESS.sub(local, value)
