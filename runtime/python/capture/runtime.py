"""
For handlers: `from cdk_traced_function.runtime import span, annotate, each_record, with_record`. Outside of an invocation that is traced, nothing is recorded.
"""

import functools
import inspect
from contextvars import ContextVar

from .guard import guarded
from .invocation import active_span_source, current_invocation, mark_failure, set_active_span_source
from .records import record_handling
from .settings import MESSAGES
from .span import ANNOTATIONS, INTERNAL

_active = ContextVar("cdk_traced_function_span", default=None)


class span:
    """`with span("name"):`, `async with`, or `@span("name")` on a function. What goes on within hangs under it."""

    def __init__(self, name):
        self._name = name
        self._begun = None

    def __enter__(self):
        self._begin()
        return None

    def __exit__(self, _type, error, _traceback):
        self._end(error)
        return False

    async def __aenter__(self):
        self._begin()
        return None

    async def __aexit__(self, _type, error, _traceback):
        self._end(error)
        return False

    def __call__(self, function):
        name = self._name
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def traced_coroutine(*args, **kwargs):
                with span(name):
                    return await function(*args, **kwargs)

            return traced_coroutine

        @functools.wraps(function)
        def traced(*args, **kwargs):
            with span(name):
                return function(*args, **kwargs)

        return traced

    @guarded
    def _begin(self):
        _follow()
        invocation = current_invocation()
        if invocation is None or not invocation.is_sampled:
            return
        others = _others()
        begun = invocation.begin(str(self._name), INTERNAL)
        begun.is_used = True
        self._begun = (begun, _active.set((begun, others)))

    @guarded
    def _end(self, error):
        if self._begun is None:
            return
        (begun, token), self._begun = self._begun, None
        try:
            _active.reset(token)
        except ValueError:  # a coroutine that was closed from elsewhere
            pass
        if error is None:
            begun.end()
        else:
            begun.fail(error)


@guarded
def annotate(key, value=None):
    """`annotate("order", 7)` or `annotate({"order": 7, "customer": "x"})`: X-Ray finds traces by it."""
    invocation = current_invocation()
    if invocation is None or not invocation.is_sampled:
        return
    values = dict(key) if isinstance(key, dict) else {key: value}
    active = invocation.active_span()
    if not hasattr(active, "set_attributes"):  # of the X-Ray SDK, or none
        active = invocation.root_span()
    active.set_attributes({**values, ANNOTATIONS: list(values)})


def with_record(record, function):
    """Runs `function()` in the trace that a record of a batch belongs to."""
    if MESSAGES == "continue":
        from .message_tracing import run_record

        return run_record(record, function)
    try:
        return function()
    except BaseException as error:
        mark_failure(error)
        raise


each_record = record_handling(with_record)


def _others():
    return _source() if _source is not None else None


def _active_span():
    """The innermost: spans that the tracing SDK, or OpenTelemetry's API, has made active since."""
    others = _others()
    found = _active.get()
    if found is None or others is not found[1] and _id(others) != _id(found[1]):
        return others
    return found[0] if not found[0].end_time else others


def _id(active):
    return getattr(active, "span_id", None)


_source = None


def _follow():
    global _source
    current = active_span_source()
    if current is not _active_span:
        _source = current
        set_active_span_source(_active_span)


_follow()
