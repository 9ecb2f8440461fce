"""Whether a function, a stage, a state machine or a GraphQL API traces: what its template says, or always (`CDK_TRACED_TRACE_ALL=1`, the launcher's `--trace-all`).

Most apps turn tracing on nowhere; their first look at the map would be an empty one.
"""
from __future__ import annotations

import logging
import os
from typing import Any

from .custom_resources import response_token

ACTIVE = "Active"
PASS_THROUGH = "PassThrough"

logger = logging.getLogger("cdk_traced.tracing_modes")

_untraced: set[str] = set()


def function_mode(config: dict[str, Any], event: Any) -> str:
    """The mode of a function for this event. What only a deployment calls is as its template says: nobody looks for it on the map."""
    declared = (config.get("TracingConfig") or {}).get("Mode", PASS_THROUGH)
    return ACTIVE if _traces_all() and response_token(event) is None else declared


def is_stage_traced(stage: dict[str, Any]) -> bool:
    return bool(stage.get("tracingEnabled")) or _traces_all()


def is_workflow_traced(machine: dict[str, Any]) -> bool:
    """Of a state machine as the service has it."""
    return bool((machine.get("tracingConfiguration") or {}).get("enabled")) or _traces_all()


def is_graphql_traced(api: dict[str, Any]) -> bool:
    """Of an AppSync API as the service has it."""
    return str(api.get("xrayEnabled", False)).lower() == "true" or _traces_all()


def tell_untraced(function_name: str, mode: str, event: Any) -> None:
    """Says once for each function why what it does leaves no trace, unless its caller has decided that."""
    if mode == ACTIVE or function_name in _untraced or response_token(event) is not None:
        return
    _untraced.add(function_name)
    logger.warning("%s leaves no traces: its template does not turn tracing on (tracing: Tracing.ACTIVE), and its caller sends no trace header; "
                   "--trace-all traces every function", function_name)


def _traces_all() -> bool:
    return bool(os.environ.get("CDK_TRACED_TRACE_ALL"))
