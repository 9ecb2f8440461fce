"""Which trace the work at hand belongs to.

A context variable is the natural carrier: ministack hands its context on to the threads that deliver S3 events and SNS
messages, and one request's value is never seen by another.
"""
from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from .trace_header import TraceHeader

_current: ContextVar[TraceHeader | None] = ContextVar("cdk_traced_header", default=None)


def current_header() -> TraceHeader | None:
    """The header of the request being handled, or None where it came with none."""
    return _current.get()


@contextlib.contextmanager
def trace_context(header: TraceHeader | None) -> Iterator[None]:
    """Work inside the `with` block belongs to `header`'s trace (None: to no trace)."""
    token = _current.set(header)
    try:
        yield
    finally:
        _current.reset(token)
