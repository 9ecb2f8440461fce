"""Keeps requests that Lambda does not sample: for functions whose instrumentation asks for it."""

import copy
import os
import time

from .guard import not_recorded
from .invocation import Invocation
from .settings import KEEPS, RATIO, SLOWER_THAN
from .span import SERVER, SameInvocation, Span

# Spans of one request that wait for how it ends.
_MOST_KEPT = 500


def unsampled(own, context):
    """:return: the invocation that records a request which is not sampled"""
    try:
        if KEEPS:
            return _Kept(own, context)
        # By the trace's id, so that functions with one ratio decide alike.
        return _Root(own, context) if int(own.trace_id[-8:], 16) / 2**32 < RATIO else own
    except Exception as error:
        not_recorded(error)
        return own


class _Root(Invocation):
    """Where Lambda records no segments, its root is the function's. What called the function is not recorded either."""

    def __init__(self, own, context):
        super().__init__(own.trace_id, None, True, own.lineage)
        name = os.environ.get("OTEL_SERVICE_NAME") or os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "unknown_service")
        self.root = Span(self, None, name, SERVER, self.started)
        self.root.attributes["aws.request_id"] = getattr(context, "aws_request_id", None)
        self.root.is_used = True


class _Kept(_Root):
    """Recorded, and sent only when it fails, is slow or is about to run out of time. To whatever it calls it is not sampled."""

    passes_on = False
    is_kept = False
    left = 0

    def header(self, span_id=None):
        return super().header(span_id)[:-1] + "0"

    def headers(self, span_id=None):
        return {name: value[:-1] + "0" for name, value in super().headers(span_id).items()}

    def ended(self, span):
        if self.is_kept:
            super().ended(span)
        elif span is self.root or self.is_closed:
            return
        elif len(self._waiting) < _MOST_KEPT:
            self._waiting.append(span)
            if len(self._waiting) == 1 and self.context is not None:
                from .deadline import watch

                watch(self)
        else:
            self.left += 1

    def send_from_now_on(self):
        self.is_closed = True
        self._keep("the time of the request is running out")
        root = copy.copy(self.root)
        root.end_time = time.time_ns()
        root.invocation = SameInvocation(self, root)
        self._waiting.append(root)
        self.flush()

    def close(self, error=None):
        if not self.is_kept:
            if error is not None or self.root.status:
                self._keep("the request failed")
            elif SLOWER_THAN is not None and time.time_ns() - self.started >= SLOWER_THAN * 1e6:
                self._keep("the request was slow")
            else:
                self.context = None
                self.is_closed = True
                self._waiting.clear()
                return
        super().close(error)

    def _keep(self, why):
        self.is_kept = True
        self.root.set_attribute("kept_because", why)
        if self.left:
            self.root.set_attribute("spans_left_out", self.left)
