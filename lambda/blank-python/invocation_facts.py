"""What may be logged about an invocation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The others hold credentials, or might.
HARMLESS_VARIABLES = ("AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_INITIALIZATION_TYPE", "TZ")


@dataclass(frozen=True)
class InvocationFacts:
    function_name: str
    function_version: str
    request_id: str
    remaining_milliseconds: int
    environment: dict[str, str]


def invocation_facts(context: Any, environment: Mapping[str, str]) -> InvocationFacts:
    """The facts of an invocation, from Lambda's context object and the process's environment."""
    return InvocationFacts(
        function_name=context.function_name,
        function_version=context.function_version,
        request_id=context.aws_request_id,
        remaining_milliseconds=context.get_remaining_time_in_millis(),
        environment={name: environment[name] for name in HARMLESS_VARIABLES if name in environment},
    )
