"""The running invocation: which trace it belongs to, and the spans that were made in it."""

import os
import re
import time
from collections import deque
from contextlib import contextmanager
from contextvars import ContextVar

from . import writer
from .deadline import watch
from .guard import guarded, warn
from .handler_records import NAME
from .settings import CONTEXT_MISSING, KEEPS, MESSAGES, RATIO
from .span import CLIENT, ERROR, INTERNAL, SERVER, Span

# Spans that wait for the end of the invocation at most.
_MOST_WAITING = 100

_HEADER = re.compile(r"(Root|Parent|Sampled|Lineage)=([^;]*)")
_TRACE_ID = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})", re.IGNORECASE)
_SPAN_ID = re.compile(r"[0-9a-f]{16}", re.IGNORECASE)

# One: Lambda's runtime for Python gives an environment's process one request at a time.
_current = None
# In a context, that of the record of a batch that is being handled.
_of_record = None
_has_begun = False
_told = False


def _no_span():
    return None


# Where the span is found under which a call hangs; replaced when the handler uses the tracing SDK by itself.
_active_span = _no_span


class Invocation:
    """Ids are hexadecimal digits: 32 for the trace, 16 for the parent, which is Lambda's own segment of the function."""

    def __init__(self, trace_id, parent_id, is_sampled, lineage=""):
        self.trace_id = trace_id
        self.parent_id = parent_id
        self.is_sampled = is_sampled
        self.lineage = lineage  # what Lambda uses to find loops; empty, or with ';' in front
        self.root = None
        # Whether what ends is sent at once.
        self.is_closed = writer.SENDS_AT_ONCE
        # The error of the handler, when the tracing SDK has recorded it already.
        self.recorded_error = None
        self.context = None
        self.attached = None
        self.started = time.time_ns()
        self._waiting = deque()

    def root_span(self):
        """The handler's own span. It is sent when there is something to say of it."""
        if self.root is None:
            self.root = Span(self, None, NAME, INTERNAL, self.started)
        return self.root

    def active_span(self):
        """The span under which what happens now hangs, if it is not Lambda's own."""
        return _active_span() or self.root

    def begin(self, name, kind=CLIENT):
        """A span of a call that begins now. It belongs to the span that is active, which may be of another trace."""
        parent = self.active_span()
        return Span(parent.invocation if parent else self, parent, name, kind)

    def header(self, span_id=None):
        """For X-Ray."""
        return f"Root=1-{self.trace_id[:8]}-{self.trace_id[8:]};Parent={span_id or self.parent_id};Sampled={int(self.is_sampled)}"

    def headers(self, span_id=None):
        """What an HTTP request carries."""
        headers = {"X-Amzn-Trace-Id": self.header(span_id)}
        if writer.SPEAKS_W3C:
            headers["traceparent"] = f"00-{self.trace_id}-{span_id or self.parent_id}-0{int(self.is_sampled)}"
        return headers

    def ended(self, span):
        if span is self.root and self.context is not None:
            return  # sent with the rest
        self._waiting.append(span)
        if self.is_closed or len(self._waiting) >= _MOST_WAITING:
            self.flush()
        elif self.context is not None:
            watch(self)

    def flush(self):
        spans = []
        try:
            while True:  # one by one: another thread may flush, too
                spans.append(self._waiting.popleft())
        except IndexError:
            pass
        if spans:
            writer.export_spans(spans)

    def send_from_now_on(self):
        """Shortly before the time is up."""
        self.is_closed = True
        self.flush()

    def close(self, error=None):
        """What ends later is sent by itself."""
        self.context = None
        self.is_closed = True
        if not self.is_sampled:
            return
        try:
            if error is not None and (error is not self.recorded_error or (self.root and self.root.is_used)):
                root = self.root_span()
                is_used = root.is_used
                root.record_exception(error)
                root.status = (ERROR, root.events[-1][2]["exception.message"])
                root.is_used = is_used  # an error alone is recorded beside the calls, not above them
            if self.root and (self.root.is_used or self.root.status):
                self.root.end_time = 0
                self.root.end()
        finally:
            self.recorded_error = None
            self.flush()


def invocation_of(header):
    """
    :param header: `Root=1-<8 digits>-<24 digits>;Parent=<16 digits>;Sampled=1;Lineage=...`
    :return: None when the header names no trace or leaves the decision open, as in pass-through mode
    """
    fields = dict(_HEADER.findall(header or ""))
    root = _TRACE_ID.fullmatch(fields.get("Root", ""))
    parent = _SPAN_ID.fullmatch(fields.get("Parent", ""))
    sampled = fields.get("Sampled")
    if not root or not parent or sampled not in ("0", "1"):
        return None
    lineage = f";Lineage={fields['Lineage']}" if "Lineage" in fields else ""
    return Invocation((root[1] + root[2]).lower(), parent[0].lower(), sampled == "1", lineage)


def begin_invocation(context=None, event=None):
    """Makes the invocation whose trace is in the environment the running one, or the one in the trace of what it handles."""
    global _current, _has_begun
    _has_begun = True
    _current = invocation_of(os.environ.get("_X_AMZN_TRACE_ID"))
    if MESSAGES:
        from .message_tracing import place

        _current = place(_current, event, context)
    if (KEEPS or RATIO is not None) and _current is not None and not _current.is_sampled:
        from .sampling import unsampled

        _current = unsampled(_current, context)
    if _current is not None:
        _current.context = context
    return _current


def current_invocation():
    return _of_record.get() if _of_record is not None and _of_record.get() is not None else _current


@contextmanager
def run_in(invocation):
    """Makes an invocation the running one for what is done within, and for nothing beside it."""
    global _of_record
    if _of_record is None:
        _of_record = ContextVar("cdk_traced_function_record", default=None)
    token = _of_record.set(invocation)
    try:
        yield
    finally:
        _of_record.reset(token)


def running():
    """The invocation of a call that is made now. A function that was given no trace has nothing to record, and nothing to complain of."""
    global _told
    invocation = current_invocation()
    if invocation is None and not _has_begun:
        choice = os.environ.get("AWS_XRAY_CONTEXT_MISSING", CONTEXT_MISSING).upper()
        if choice == "RUNTIME_ERROR":
            raise RuntimeError("a call outside of an invocation cannot be traced: Missing AWS Lambda trace data")
        if not _told and choice != "IGNORE_ERROR":
            warn("a call outside of an invocation is not traced")
        _told = True
    return invocation


@guarded
def begin_span(invocation, name):
    """A span of a call that begins now. None when it is not sampled."""
    if not invocation.is_sampled:
        return None
    span = invocation.begin(name)
    return span if span.invocation.is_sampled else None


def active_span_source():
    return _active_span


@guarded
def mark_failure(error, invocation=None):
    """A record that fails, and is reported to its queue, is a failure of the function where it has a segment of its own in the trace."""
    invocation = invocation or current_invocation()
    root = invocation.root if invocation is not None else None
    if root is not None and root.kind == SERVER and not root.status:
        root.record_exception(error)
        root.status = (ERROR, root.events[-1][2]["exception.message"])


def set_active_span_source(source):
    global _active_span
    _active_span = source


def _after_fork():
    """A child process sends at once: it may end without a word, and what its parent has recorded is the parent's to send."""
    if _current is not None:
        _current._waiting.clear()
        _current.is_closed = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
