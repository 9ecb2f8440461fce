"""One call is recorded once: what a library calls to do it is not, and neither is what the handler's own tracing records."""

from contextvars import ContextVar

# The id of the span of the request or call of an AWS client that is being made; '' when it is not sampled.
outer_call = ContextVar("cdk_traced_function_call", default=None)

_foreign_recorder = None


def set_foreign_recorder(records_already):
    """:param records_already: of 'aws-sdk', 'http' or 'sql', whether somebody else records the call that is about to be made"""
    global _foreign_recorder
    _foreign_recorder = records_already


def is_recorded_already(kind):
    return _foreign_recorder is not None and _foreign_recorder(kind)


def reset(variable, token):
    try:
        variable.reset(token)
    except ValueError:  # a coroutine that is closed from elsewhere
        pass
