"""Traces and checks on them. The checks run in the local X-Ray, which has one implementation of them for all languages."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Union

ServicePattern = Union[str, "re.Pattern[str]"]
"""A service by its name, its type (`AWS::SNS`), both (`shop-fn AWS::Lambda`), or an expression for both."""

SLACK_SECONDS = 30
"""How much longer than the wait itself its answer is waited for."""


@dataclass(frozen=True)
class CheckResult:
    """What a check found."""

    passed: bool
    message: str


class Trace:
    """A trace. Each check raises an `AssertionError` where it does not hold."""

    __tracebackhide__ = True

    def __init__(self, endpoint: str, report: dict[str, Any]) -> None:
        self._endpoint = endpoint
        self.id: str = report["Id"]
        self.duration: float = report.get("Duration", 0.0)
        self.documents: list[dict[str, Any]] = [json.loads(segment["Document"]) for segment in report["Segments"]]

    def passes_through(self, *services: ServicePattern) -> Trace:
        """One request went from service to service, each called by the one before it."""
        return self._assert("passesThrough", *services)

    def has_subsegment(
        self, *, name: Any = None, operation: str | None = None, resource: Any = None, table: Any = None, url: Any = None, status: int | None = None,
        in_: ServicePattern | None = None, annotations: dict[str, Any] | None = None, fault: bool | None = None, error: bool | None = None,
    ) -> Trace:
        """There is a subsegment with all that is given."""
        pattern = {
            "name": name, "operation": operation, "resource": resource, "table": table, "url": url, "status": status,
            "in": in_, "annotations": annotations, "fault": fault, "error": error,
        }
        return self._assert("hasSubsegment", {key: value for key, value in pattern.items() if value is not None})

    def has_annotation(self, key: str, value: str | float | bool | None = None) -> Trace:
        """Any segment or subsegment has the annotation, with the value if one is given."""
        return self._assert("hasAnnotation", key) if value is None else self._assert("hasAnnotation", key, value)

    def has_no_fault(self) -> Trace:
        """Nothing ended with a fault (5xx)."""
        return self._assert("hasNoFault")

    def has_no_error(self) -> Trace:
        """Nothing ended with a fault, an error or a throttle (5xx, 4xx)."""
        return self._assert("hasNoFault", {"errors": True})

    def takes_at_most(self, seconds: float, service: ServicePattern | None = None) -> Trace:
        """The whole trace, or each segment of one service, took no longer."""
        return self._assert("takesAtMost", seconds * 1000, *([] if service is None else [service]))

    def is_connected(self) -> Trace:
        """One beginning, no parent missing, nothing still in progress."""
        return self._assert("isConnected")

    def check(self, name: str, *arguments: Any) -> CheckResult:
        """Any check of `cdk-traced-function-local/assertions` by its name there, without raising an error."""
        body = {"traceId": self.id, "check": name, "args": [_json(argument) for argument in arguments]}
        answer = _call(self._endpoint, "/local/assertions/check", body, SLACK_SECONDS)
        return CheckResult(answer["pass"], answer["message"])

    def _assert(self, name: str, *arguments: Any) -> Trace:
        __tracebackhide__ = True
        result = self.check(name, *arguments)
        assert result.passed, result.message
        return self

    def __str__(self) -> str:
        with urllib.request.urlopen(f"{self._endpoint}/local/assertions/tree/{self.id}", timeout=SLACK_SECONDS) as response:
            return response.read().decode()


class Traces:
    """Reads the traces that began after it was made."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._made_at = time.time()

    def wait_for_trace(self, **query: Any) -> Trace:
        """The first trace that fits, as soon as it is complete. Takes what `wait_for_traces` takes."""
        return self.wait_for_traces(1, **query)[0]

    def wait_for_traces(
        self, count: int, *, id: str | None = None, annotations: dict[str, Any] | None = None, filter: str | None = None, timeout: float = 30,
    ) -> list[Trace]:
        """
        As many traces as wanted, oldest first, as soon as each is complete.

        :param annotations: that the trace must have, on any segment or subsegment
        :param filter: a filter expression of X-Ray, such as `service("shop") { fault }`
        :param timeout: seconds, after which a `TimeoutError` shows the traces that there are
        """
        query = {"id": id, "annotations": annotations, "filter": filter}
        body = {"count": count, "since": self._made_at, "timeoutMs": timeout * 1000, **{key: value for key, value in query.items() if value is not None}}
        answer = _call(self._endpoint, "/local/assertions/wait", body, timeout + SLACK_SECONDS)
        return [Trace(self._endpoint, report) for report in answer["Traces"]]


def _json(value: Any) -> Any:
    if isinstance(value, re.Pattern):
        return {"pattern": value.pattern}
    return {key: _json(entry) for key, entry in value.items()} if isinstance(value, dict) else value


def _call(endpoint: str, path: str, body: dict[str, Any], timeout: float) -> Any:
    request = urllib.request.Request(endpoint + path, json.dumps(body).encode(), {"content-type": "application/json"}, method="POST")
    # What is on this machine needs no proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        message = json.load(error).get("message", str(error))
        raise (TimeoutError if error.code == 408 else ValueError)(message) from None
