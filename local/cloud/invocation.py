"""What Lambda knows of one invocation while it handles it; plain data, no ministack.

All times are seconds since 1970 with fractions, as in segment documents.
"""
from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from .trace_header import TraceHeader, new_segment_id, new_trace_id


@dataclass(frozen=True)
class FunctionError:
    """A failure of the function's code or of its start, as Lambda reports it."""

    type: str
    message: str
    stack: list[dict[str, Any]] = field(default_factory=list)
    """Frames, innermost first: `{"path", "line", "label"}`, as X-Ray's `cause` has them."""
    payload: dict[str, Any] = field(default_factory=dict)
    """The response payload: `errorMessage`, `errorType` and what else the runtime reports."""
    log_line: str = ""
    """What the runtime writes to the log."""


@dataclass
class Attempt:
    """One execution of the function. An asynchronous invocation may have several."""

    number: int
    started: float
    subsegment_id: str = field(default_factory=new_segment_id)
    function_segment_id: str = field(default_factory=new_segment_id)
    executed: bool = False
    """False until an execution environment got the event: a throttled attempt never has one."""
    initialization: tuple[float, float] | None = None
    """Start and end of the environment's initialization, where this attempt was the environment's first."""
    handler_started: float | None = None
    handler_ended: float | None = None
    environment_ready: float | None = None
    """When the runtime was done with everything after the handler and could take the next event."""
    ended: float | None = None
    error: FunctionError | None = None
    log_lines: list[tuple[float, str]] = field(default_factory=list)
    log_stream: str | None = None
    runtime: str = ""
    raw_payload: bool = False
    """The handler streamed its response: the payload is text as it is, not JSON."""

    @property
    def began(self) -> float:
        """When the event reached the handler. One that ran out of time, or whose process ended, has not told: then it was after the start."""
        return self.handler_started or (self.initialization[1] if self.initialization else self.started)


@dataclass(frozen=True)
class TraceLink:
    """A trace that this one continues without being its child: the sender of an SQS message."""

    trace_id: str
    segment_id: str


@dataclass
class Invocation:
    """One request to the Lambda service."""

    function_name: str
    function_arn: str
    account_id: str
    request_id: str
    asynchronous: bool
    received: float
    header: TraceHeader
    """Trace id, decision (never None) and the parent of the service segment."""
    segment_id: str = field(default_factory=new_segment_id)
    dwell_time_id: str = field(default_factory=new_segment_id)
    responded: float | None = None
    throttled: bool = False
    links: list[TraceLink] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def sampled(self) -> bool:
        return bool(self.header.sampled)

    def function_header(self, attempt: Attempt) -> TraceHeader:
        """What the function gets as `_X_AMZN_TRACE_ID`: its own segment is the parent of all it records."""
        depth = self.header.invoke_depth() + 1
        return TraceHeader(
            trace_id=self.header.trace_id,
            parent_id=attempt.function_segment_id if self.sampled else self.header.parent_id or attempt.function_segment_id,
            sampled=self.sampled,
            lineage=f"1:{self.segment_id[:8]}:{depth}",
        )


def decide(mode: str, inbound: TraceHeader | None, sample: Any) -> TraceHeader:
    """The trace and the sampling decision of an invocation, as Lambda takes it.

    1. An inbound decision is honoured, in both modes.
    2. Without one, mode Active asks the sampler (`sample()`), and PassThrough does not trace.
    """
    sampled = inbound.sampled if inbound else None
    if sampled is None:
        sampled = mode == "Active" and bool(sample())
    return TraceHeader(
        trace_id=inbound.trace_id if inbound else new_trace_id(),
        parent_id=inbound.parent_id if inbound else None,
        sampled=sampled,
        lineage=inbound.lineage if inbound else None,
    )


_running: ContextVar[tuple[Invocation, Attempt] | None] = ContextVar("cdk_traced_attempt", default=None)


def running_attempt() -> tuple[Invocation, Attempt] | None:
    """The attempt that this thread executes, or None outside of one."""
    return _running.get()


def set_running_attempt(value: tuple[Invocation, Attempt] | None) -> Any:
    """Sets the attempt that this context executes; returns the token for `reset_running_attempt`."""
    return _running.set(value)


def reset_running_attempt(token: Any) -> None:
    _running.reset(token)
