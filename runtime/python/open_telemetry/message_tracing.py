"""
Continues the traces of the messages that an invocation handles: for functions whose instrumentation asks for it.

Lambda begins a trace of its own for what comes from a queue. A function can write into any trace, and its spans go to that of the sender.
"""

import copy
import functools
import inspect
import os
import time

from . import writer
from .deadline import watch
from .guard import guarded, not_recorded
from .invocation import Invocation, current_invocation, invocation_of, mark_failure, run_in
from .redaction import redacted
from .settings import HANDLER, MESSAGES, PAYLOADS
from .span import INTERNAL, SERVER, SameInvocation, Span

if PAYLOADS:
    from .payloads import header_in
else:

    def header_in(_event):
        return None


# Of one span, and queues drawn for one invocation: X-Ray shows no more, and a batch may have ten thousand records.
_MOST_LINKS = 50
_MOST_QUEUES = 10


def place(own, event, context):
    """
    :param own: the invocation that Lambda's header names, or None
    :return: the invocation in whose trace the handler runs
    """
    try:
        return _place(own, event, context)
    except Exception as error:
        not_recorded(error)
        return own


def _place(own, event, context):
    messages = _messages(event)
    if not messages:
        return own
    first = messages[0].header
    own_trace = own.trace_id if own is not None else None
    is_one = all(m.header is not None and m.header.is_sampled and m.header.trace_id == first.trace_id for m in messages)
    if MESSAGES == "continue" and is_one and first.trace_id != own_trace:
        invocation = _continue(messages, own, context)
        invocation.context = context
        watch(invocation)
        # For what reads it by itself: loggers, child processes, clients that are not captured.
        os.environ["_X_AMZN_TRACE_ID"] = invocation.header(invocation.root.span_id) + invocation.lineage
        return invocation
    if own is not None and own.is_sampled:
        _link(own, messages)
    return own


_NO_PARENT = "0" * 16


def _header(text):
    """A sender that records nothing itself, such as a browser's upload, names no parent."""
    if not isinstance(text, str):
        return None
    if "Parent=" in text:
        return invocation_of(text)
    header = invocation_of(f"{text};Parent={_NO_PARENT}")
    if header is not None:
        header.parent_id = None
    return header


class _Message:
    __slots__ = ("header", "id", "arn", "attributes")

    def __init__(self, record):
        record = record if isinstance(record, dict) else {}
        is_queue = record.get("eventSource") == "aws:sqs"
        attributes = record.get("attributes")
        self.attributes = attributes if is_queue and isinstance(attributes, dict) else {}
        self.header = _header(self.attributes.get("AWSTraceHeader") if is_queue else header_in(record))
        self.id = record.get("messageId")
        self.arn = record.get("eventSourceARN") if is_queue else None


def _messages(event):
    """Of the events that carry a trace at all."""
    records = event if isinstance(event, list) else event.get("Records") if isinstance(event, dict) else None
    messages = [_Message(record) for record in records] if isinstance(records, list) else [_Message(event)]
    return messages if any(message.header is not None for message in messages) else []


class _Continued(Invocation):
    """In another trace than Lambda's own. Its root is the function's segment there."""

    own = None
    documents = ()

    def flush(self):
        documents, self.documents = self.documents, ()
        for document in documents:
            writer.send_document(document)
        if self.is_closed and self.context is not None:
            # A function that is killed leaves at least what there is.
            root = copy.copy(self.root)
            root.end_time = time.time_ns()
            root.invocation = SameInvocation(self, root)
            self._waiting.append(root)
        super().flush()


def _continue(messages, own, context):
    first = messages[0]
    invocation = _Continued(first.header.trace_id, first.header.parent_id, True, own.lineage if own is not None else first.header.lineage)
    invocation.own = own
    invocation.documents = _waits(messages, invocation.started)
    if invocation.documents:
        invocation.parent_id = invocation.documents[0]["id"]
    name = os.environ.get("OTEL_SERVICE_NAME") or os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "unknown_service")
    root = invocation.root = Span(invocation, None, name, SERVER, invocation.started)
    root.attributes = _describe(messages)
    if len(messages) == 1:
        root.attributes["messaging.message.id"] = first.id
    root.attributes["aws.request_id"] = getattr(context, "aws_request_id", None)
    if own is not None:
        root.links = [(own.trace_id, own.parent_id, {})]
    root.is_used = True
    return invocation


def _link(own, messages):
    senders = {(m.header.trace_id, m.header.parent_id): m.header for m in messages if m.header is not None and m.header.is_sampled}
    senders.pop((own.trace_id, own.parent_id), None)
    if senders:
        root = own.root = Span(own, None, f"## {HANDLER}", INTERNAL, own.started)
        root.attributes = _describe(messages)
        root.links = [(header.trace_id, header.parent_id or _NO_PARENT, {}) for header in list(senders.values())[:_MOST_LINKS]]
        root.is_used = True


def _describe(messages):
    """https://opentelemetry.io/docs/specs/semconv/messaging/sqs/"""
    arn = messages[0].arn
    return {
        "messaging.system": "aws_sqs",
        "messaging.destination.name": _name(arn),
        "messaging.operation.type": "process",
        "messaging.batch.message_count": len(messages),
    } if isinstance(arn, str) else {}


def _waits(messages, now):
    """Segments of the queue, one for each sender: how long its first message waited. No service records them."""
    now = now / 1e6
    queues = {}
    for message in messages:
        sent = _number(message.attributes.get("SentTimestamp"))
        sender = message.header.parent_id
        if not isinstance(message.arn, str) or not sent or (len(queues) >= _MOST_QUEUES and sender not in queues):
            continue
        known = queues.get(sender)
        if known is not None and known["start_time"] * 1000 <= sent:
            continue
        receives = int(_number(message.attributes.get("ApproximateReceiveCount")) or 1)
        received = min(_number(message.attributes.get("ApproximateFirstReceiveTimestamp")) or now, now) if receives == 1 else now
        region, account = (message.arn.split(":") + [""] * 5)[3:5]
        trace_id = message.header.trace_id
        queues[sender] = {
            "id": known["id"] if known is not None else os.urandom(8).hex(),
            "trace_id": f"1-{trace_id[:8]}-{trace_id[8:]}",
            **({"parent_id": sender} if sender else {}),
            "name": redacted(_name(message.arn)),
            "origin": "AWS::SQS::Queue",
            "resource_arn": redacted(message.arn),
            "start_time": sent / 1000,
            "end_time": max(sent, received) / 1000,
            "aws": {"operation": "ReceiveMessage", "region": region, "account_id": account, "message_id": message.id, "receive_count": receives},
        }
    return list(queues.values())


def _number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return 0.0


def _name(arn):
    return arn.rpartition(":")[2]


@guarded
def invocation_of_record(record):
    """The invocation of one record of a batch; None when its work belongs to the running invocation."""
    running = current_invocation()
    message = _Message(record)
    if message.header is None or not message.header.is_sampled or (running is not None and message.header.trace_id == running.trace_id):
        return None
    own = getattr(running, "own", None) or running
    return _continue([message], own, getattr(running, "context", None))


def run_record(record, function, failure_of=None):
    """
    Runs a function in the trace that a record of a batch belongs to.

    :param failure_of: gives the error that a result stands for, or None
    """
    invocation = invocation_of_record(record)
    if invocation is None:
        try:
            result = function()
        except BaseException as error:
            mark_failure(error)
            raise
        failure = failure_of(result) if failure_of is not None else None
        if failure is not None:
            mark_failure(failure)
        return result
    with run_in(invocation):
        _begin(invocation)
        try:
            result = function()
        except BaseException as error:
            _close(invocation, error)
            raise
        _close(invocation, failure_of(result) if failure_of is not None else None)
        return result


@guarded
def _begin(invocation):
    writer.begin(invocation)


@guarded
def _close(invocation, error=None):
    try:
        if error is not None:
            mark_failure(error, invocation)
        invocation.close()
    finally:
        writer.end(invocation)


def capture_batch_processors(module):
    """:param module: `aws_lambda_powertools.utilities.batch.base`"""
    for name in ("BatchProcessor", "AsyncBatchProcessor"):
        processor = getattr(module, name, None)
        if processor is not None:
            _capture_processor(processor, "_process_record" if name == "BatchProcessor" else "_async_process_record")


def _capture_processor(processor, method):
    process = getattr(processor, method, None)
    if process is None:
        return

    def failure_of(self, result):
        try:
            return self.exceptions[-1][1] if result[0] == "fail" else None
        except Exception:  # another version
            return None

    if inspect.iscoroutinefunction(process):

        @functools.wraps(process)
        async def traced(self, record):
            invocation = invocation_of_record(record)
            if invocation is None:
                result = await process(self, record)
                failure = failure_of(self, result)
                if failure is not None:
                    mark_failure(failure)
                return result
            with run_in(invocation):
                _begin(invocation)
                try:
                    result = await process(self, record)
                except BaseException as error:
                    _close(invocation, error)
                    raise
                _close(invocation, failure_of(self, result))
                return result
    else:

        @functools.wraps(process)
        def traced(self, record):
            return run_record(record, lambda: process(self, record), lambda result: failure_of(self, result))

    setattr(processor, method, traced)
