"""A span with the interface of opentelemetry.trace.Span."""

import os
import time

INTERNAL = 0
SERVER = 1
CLIENT = 2
ERROR = 2

# What makes a span, as OpenTelemetry names it: name and version.
SCOPE = ("cdk-traced-function", None)

# Attribute with the names of those that X-Ray is to make annotations of.
# https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-migration.html
ANNOTATIONS = "aws.xray.annotations"


class Span:
    """Times are nanoseconds since 1970, ids hexadecimal digits."""

    __slots__ = (
        "invocation", "parent", "name", "kind", "span_id", "scope", "start_time", "end_time",
        "attributes", "events", "links", "status", "is_used", "api_context", "remote", "failure", "subsegment", "__weakref__",
    )

    def __init__(self, invocation, parent, name, kind, start_time=None):
        """
        :param parent: None: the handler's, if there is something to say of that, else Lambda's own
        :param kind: as opentelemetry.trace.SpanKind counts
        """
        self.invocation = invocation
        self.parent = parent
        self.name = name
        self.kind = kind
        self.span_id = os.urandom(8).hex()
        self.scope = SCOPE
        self.start_time = start_time or time.time_ns()
        self.end_time = 0
        self.attributes = {}
        self.events = []
        self.links = []
        self.status = None
        # For the span of a handler: whether there is something to say of it that others hang under.
        self.is_used = False
        self.api_context = None
        # Name of the other side of the call, as X-Ray's map has it.
        self.remote = None
        # Text and frames of the last error; the error itself would keep alive whatever was in those frames.
        self.failure = None
        # What X-Ray's document has beside this.
        self.subsegment = None

    @property
    def trace_id(self):
        return self.invocation.trace_id

    @property
    def parent_id(self):
        root = self.invocation.root
        parent = self.parent or root
        if parent and parent is not self and (parent is not root or parent.is_used):
            return parent.span_id
        return self.invocation.parent_id

    def get_span_context(self):
        self.is_used = True  # whoever asks passes it on
        if self.api_context is None:
            from .api import span_context  # there is no one to ask without the API

            self.api_context = span_context(self.trace_id, self.span_id, getattr(self.invocation, "passes_on", True))
        return self.api_context

    def set_attribute(self, key, value):
        if self.end_time:
            return
        self.is_used = True
        if key == ANNOTATIONS and key in self.attributes:
            value = list(dict.fromkeys([*self.attributes[key], *value]))
        self.attributes[key] = value

    def set_attributes(self, attributes):
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def add_event(self, name, attributes=None, timestamp=None):
        if not self.end_time:
            self.is_used = True
            self.events.append((name, timestamp or time.time_ns(), attributes or {}))

    def add_link(self, context, attributes=None):
        if not self.end_time:
            self.is_used = True
            self.links.append((format(context.trace_id, "032x"), format(context.span_id, "016x"), attributes or {}))

    def update_name(self, name):
        if not self.end_time:
            self.is_used = True
            self.name = str(name)

    def is_recording(self):
        return not self.end_time

    def set_status(self, status, description=None):
        """
        :param status: an opentelemetry.trace.Status, or a StatusCode with its description
        """
        if hasattr(status, "status_code"):
            status, description = status.status_code, status.description
        # Unset changes nothing, and after Ok nothing does.
        if not self.end_time and status.value and not (self.status and self.status[0] == 1):
            self.is_used = True
            self.status = (status.value, self._described(description))

    def _described(self, description):
        """The API describes a failure by the text of the error that it has recorded before."""
        if not description:
            return description
        if self.failure is not None and self.failure[0] in description:
            return f"{self.failure[2]}: {self.failure[3]}"
        from .messages import scrubbed

        return scrubbed(str(description))

    def record_exception(self, exception, attributes=None, timestamp=None, escaped=False):
        from .messages import exception_message, exception_type, frames, stack_text  # costs time at a start, and most requests have no error

        message = exception_message(exception)
        self.failure = (_text(exception), frames(exception), type(exception).__name__, message)
        described = {
            "exception.type": exception_type(exception),
            "exception.message": message,
            "exception.stacktrace": stack_text(exception),
        }
        self.add_event("exception", {**described, **({"exception.escaped": "True"} if escaped else {}), **(attributes or {})}, timestamp)

    def end(self, end_time=None):
        if not self.end_time:
            self.end_time = max(end_time or time.time_ns(), self.start_time)
            self.invocation.ended(self)

    def fail(self, error):
        """Ends it as failed."""
        if not self.end_time:
            self.record_exception(error)
            self.status = (ERROR, self.events[-1][2]["exception.message"])
            self.end()

    def __enter__(self):
        return self

    def __exit__(self, _type, error, _traceback):
        if error is not None and self.is_recording():
            self.record_exception(error)
            self.status = (ERROR, f"{type(error).__name__}: {self.failure[3]}")
        self.end()


class SameInvocation:
    """The invocation of a copy of its root, which is a root too: sent before the root itself has ended."""

    def __init__(self, invocation, root):
        self.trace_id = invocation.trace_id
        self.parent_id = invocation.parent_id
        self.root = root


def _text(error):
    try:
        return str(error)
    except Exception:
        return ""
