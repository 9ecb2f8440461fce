"""
Makes the spans that a handler makes with OpenTelemetry's API part of the trace. Nothing here runs in a function that does not import the API.
"""

import re

from opentelemetry import context as context_api
from opentelemetry import trace

try:
    # The API's own, which may also decorate coroutines.
    from opentelemetry.util._decorator import _agnosticcontextmanager as contextmanager
except ImportError:  # versions before it was there
    from contextlib import contextmanager

from .invocation import Invocation, current_invocation, invocation_of, set_active_span_source
from .span import Span

_W3C = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)")


def span_context(trace_id, span_id, is_sampled, is_remote=False):
    return trace.SpanContext(int(trace_id, 16), int(span_id, 16), is_remote, trace.TraceFlags(int(is_sampled)))


def _not_recorded(invocation):
    return trace.NonRecordingSpan(span_context(invocation.trace_id, invocation.parent_id, False))


def attach(invocation):
    """In a handler that has made no span the active one is that of the handler."""
    span = invocation.root_span() if invocation.is_sampled else _not_recorded(invocation)
    return context_api.attach(trace.set_span_in_context(span))


detach = context_api.detach


def _active_span():
    span = trace.get_current_span()
    return span if isinstance(span, Span) else None


class _TracerProvider(trace.TracerProvider):
    def get_tracer(self, instrumenting_module_name, instrumenting_library_version=None, *_args, **_kwargs):
        return _Tracer((instrumenting_module_name or "", instrumenting_library_version or None))


class _Tracer(trace.Tracer):
    def __init__(self, scope):
        self._scope = scope

    def start_span(
        self, name, context=None, kind=trace.SpanKind.INTERNAL, attributes=None, links=None, start_time=None,
        record_exception=True, set_status_on_exception=True,
    ):
        invocation, parent = _place(trace.get_current_span(context))
        if not invocation.is_sampled:
            return _not_recorded(invocation) if invocation.trace_id else trace.INVALID_SPAN
        span = Span(invocation, parent, name, kind.value, start_time)
        span.scope = self._scope
        for link in links or ():
            span.add_link(link.context, link.attributes)
        if attributes:
            span.set_attributes(attributes)
        return span

    @contextmanager
    def start_as_current_span(
        self, name, context=None, kind=trace.SpanKind.INTERNAL, attributes=None, links=None, start_time=None,
        record_exception=True, set_status_on_exception=True, end_on_exit=True,
    ):
        span = self.start_span(name, context, kind, attributes, links, start_time)
        with trace.use_span(span, end_on_exit, record_exception, set_status_on_exception) as active:
            yield active


def _place(parent):
    """Where a span belongs: invocation and span."""
    if isinstance(parent, Span):
        return parent.invocation, parent
    found = parent.get_span_context()
    if found.is_valid:  # not recorded, or of another trace, such as that of a message
        return _alone(format(found.trace_id, "032x"), format(found.span_id, "016x"), found.trace_flags.sampled), None
    invocation = current_invocation()
    if invocation is None:
        return Invocation("", "", False), None
    return invocation, invocation.active_span()


def _alone(trace_id, parent_id, is_sampled):
    """What ends in it is sent at once: it is not the invocation's."""
    invocation = Invocation(trace_id, parent_id, is_sampled)
    invocation.is_closed = True
    return invocation


class _Propagator:
    """For clients that the handler connects by itself, with X-Ray's header and W3C's."""

    fields = {"X-Amzn-Trace-Id", "traceparent"}

    def inject(self, carrier, context=None, setter=None):
        found = trace.get_current_span(context).get_span_context()
        if not found.is_valid:
            return
        headers = Invocation(format(found.trace_id, "032x"), format(found.span_id, "016x"), found.trace_flags.sampled).headers()
        for name, value in headers.items():
            if setter is None:
                carrier[name] = value
            else:
                setter.set(carrier, name, value)

    def extract(self, carrier, context=None, getter=None):
        found = self._read(lambda name: _first(carrier, getter, name))
        context = context if context is not None else context_api.get_current()
        return context if found is None else trace.set_span_in_context(trace.NonRecordingSpan(found), context)

    @staticmethod
    def _read(get):
        xray = invocation_of(get("X-Amzn-Trace-Id"))
        if xray is not None:
            return span_context(xray.trace_id, xray.parent_id, xray.is_sampled, True)
        w3c = _W3C.match(get("traceparent") or "")
        return w3c and span_context(w3c[1], w3c[2], int(w3c[3], 16) & 1, True)


def _first(carrier, getter, name):
    for spelling in (name, name.lower()):
        value = carrier.get(spelling) if getter is None else getter.get(carrier, spelling)
        if value:
            return value if isinstance(value, str) else next(iter(value), None)
    return None


def capture_propagation(module):
    """:param module: `opentelemetry.propagate`"""
    module.set_global_textmap(_Propagator())


def capture_trace(_module):
    """What this module does when it is imported is all that there is to do."""


trace.Span.register(Span)
trace.set_tracer_provider(_TracerProvider())
set_active_span_source(_active_span)
