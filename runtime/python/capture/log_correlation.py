"""
Gives lines of loggers that write JSON the ids of the trace: for functions whose `logs` option asks for it. What formats text does not name them, and stays as it is.
"""

import functools
import logging

from .guard import not_recorded
from .import_hooks import after_import
from .invocation import current_invocation


def ids():
    """Of the span that is active: X-Ray's form, OpenTelemetry's form, and the span. Nothing outside of an invocation."""
    try:
        invocation = current_invocation()
        if invocation is None:
            return {}
        active = invocation.active_span() if invocation.is_sampled else None
        return {
            "xray_trace_id": f"1-{invocation.trace_id[:8]}-{invocation.trace_id[8:]}",
            "trace_id": invocation.trace_id,
            "span_id": getattr(active, "span_id", None) or invocation.parent_id,
        }
    except Exception as error:
        not_recorded(error)
        return {}


def correlate():
    make_record = logging.Logger.makeRecord

    # Not by a factory of records: what a function gives as `extra` must not be there before.
    @functools.wraps(make_record)
    def traced_record(self, *args, **kwargs):
        record = make_record(self, *args, **kwargs)
        for name, value in ids().items():
            record.__dict__.setdefault(name, value)
        return record

    logging.Logger.makeRecord = traced_record
    after_import("structlog.processors", _correlate_structlog)


def _correlate_structlog(module):
    render = module.JSONRenderer.__call__

    @functools.wraps(render)
    def traced_render(self, logger, name, event_dict):
        return render(self, logger, name, {**event_dict, **{key: value for key, value in ids().items() if key not in event_dict}})

    module.JSONRenderer.__call__ = traced_render
