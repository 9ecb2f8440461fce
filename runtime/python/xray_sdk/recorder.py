"""
Joins what a handler records by itself with the X-Ray SDK (`xray_recorder`, `@capture`, `patch`, `patch_all`, Powertools' Tracer): its subsegments and those of
the captured calls hang under one another, and a call that one of the SDK's patches records is not recorded again.
"""

import functools
import json
import re
import sys
from contextvars import ContextVar

from . import invocation as invocations
from .daemon_socket import DEFAULT_ADDRESS, DaemonSocket, daemon_address, host_and_port
from .guard import guarded, not_recorded
from .messages import scrubbed, scrubbed_query
from .redaction import url_path
from .settings import EXCEPTION_MESSAGES
from .suppression import set_foreign_recorder
from .writer import send_document

# The namespace of the call that one of the SDK's patches is recording.
_patched_call = ContextVar("cdk_traced_function_patched_call", default=None)

_recorder = None

_LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")


def accept_daemon_address(module):
    """
    The SDK refuses to be imported where the daemon's address is one that it cannot read, such as one of IPv6.

    :param module: `aws_xray_sdk.core.daemon_config`
    """
    config = module.DaemonConfig
    initialize = config.__init__

    @functools.wraps(initialize)
    def lenient(self, *args, **kwargs):
        try:
            initialize(self, *args, **kwargs)
        except Exception:
            host, port = host_and_port(daemon_address()) or host_and_port(DEFAULT_ADDRESS)
            self._udp_ip = self._tcp_ip = host
            self._udp_port = self._tcp_port = port

    config.__init__ = lenient


def join_recorder(core):
    """:param core: `aws_xray_sdk.core`"""
    global _recorder
    _recorder = core.xray_recorder
    _share_context(_recorder)
    _watch_patches()
    _replace_emitter(_recorder)
    invocations.set_active_span_source(_active_span)
    set_foreign_recorder(_records_already)


def begin():
    """Of each invocation: what the one before has left open is not its parent."""
    context = _recorder.context
    if isinstance(getattr(context, "_local", None), _ContextLocal):
        context.clear_trace_entities()


class _Parent:
    """A subsegment of the SDK, as the parent of a span."""

    __slots__ = ("invocation", "span_id", "is_used")

    def __init__(self, invocation, span_id):
        self.invocation = invocation
        self.span_id = span_id
        self.is_used = True


def _entity():
    """The subsegment that the handler has open. The SDK itself is not asked: without one it may complain, or raise."""
    entities = getattr(getattr(_recorder.context, "_local", None), "entities", None)
    entity = entities[-1] if entities else None
    return entity if entity is not None and entity.in_progress else None


def _active_span():
    try:
        entity = _entity()
        if entity is None:
            return None
        running = invocations.current_invocation()
        trace_id = entity.trace_id.replace("1-", "", 1).replace("-", "")
        if running is None or trace_id != running.trace_id or not entity.sampled:
            if isinstance(_recorder.context._local, _ContextLocal) and entity.sampled:
                return None  # left open by an earlier invocation
            if not re.fullmatch("[0-9a-f]{32}", trace_id):
                if running is None:
                    return None
                trace_id = running.trace_id
            running = invocations.Invocation(trace_id, entity.id, bool(entity.sampled))
        return _Parent(running, entity.id)
    except Exception as error:  # a context of the handler's own making
        not_recorded(error)
        return None


def _records_already(kind):
    """Whether the SDK, or what is made on it, is recording the call that is about to be made."""
    namespace = _patched_call.get()
    if namespace is not None:
        return namespace == "aws" or kind != "aws-sdk"
    if kind == "aws-sdk":
        return False
    try:
        entity = _entity()
        # Those of SQLAlchemy and httpx open a subsegment without a word.
        return entity is not None and (bool(getattr(entity, "sql", None)) if kind == "sql" else entity.namespace == "remote" and bool(entity.http))
    except Exception:
        return False


def _watch_patches():
    from aws_xray_sdk.core import async_recorder, recorder

    record, record_async = recorder.AWSXRayRecorder.record_subsegment, async_recorder.AsyncAWSXRayRecorder.record_subsegment_async

    @functools.wraps(record)
    def watched(self, wrapped, instance, args, kwargs, name, namespace, meta_processor):
        # A function that the handler decorates has none.
        if meta_processor is None:
            return record(self, wrapped, instance, args, kwargs, name, namespace, meta_processor)
        token = _patched_call.set(namespace)
        try:
            return record(self, wrapped, instance, args, kwargs, name, namespace, meta_processor)
        finally:
            _reset(token)

    @functools.wraps(record_async)
    async def watched_async(self, wrapped, instance, args, kwargs, name, namespace, meta_processor):
        if meta_processor is None:
            return await record_async(self, wrapped, instance, args, kwargs, name, namespace, meta_processor)
        token = _patched_call.set(namespace)
        try:
            return await record_async(self, wrapped, instance, args, kwargs, name, namespace, meta_processor)
        finally:
            _reset(token)

    recorder.AWSXRayRecorder.record_subsegment = watched
    async_recorder.AsyncAWSXRayRecorder.record_subsegment_async = watched_async


def _reset(token):
    try:
        _patched_call.reset(token)
    except ValueError:  # a coroutine that was closed from elsewhere
        pass


class _Entities(list):
    """What a task has opened. A change makes a list of the task's own: another may have begun with this one."""

    def __init__(self, local, entities):
        super().__init__(entities)
        self._owner = local

    def append(self, entity):
        self._owner.entities = [*self, entity]

    def pop(self, *args):
        remaining = list(self)
        entity = remaining.pop(*args)
        self._owner.entities = remaining
        return entity


class _ContextLocal:
    """In place of the thread's storage: tasks that run at the same time in one thread have each their own."""

    def __init__(self):
        object.__setattr__(self, "_values", ContextVar("cdk_traced_function_entities", default=None))

    def __getattr__(self, name):
        values = object.__getattribute__(self, "_values").get() or {}
        try:
            return values[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name, value):
        values = self._values
        if name == "entities" and isinstance(value, list):
            value = _Entities(self, value)
        values.set({**(values.get() or {}), name: value})

    def clear(self):
        self._values.set(None)


def _share_context(recorder):
    from aws_xray_sdk.core.lambda_launcher import LambdaContext

    context = recorder.context
    if type(context) is not LambdaContext:
        return
    context._local = _ContextLocal()
    initialize = context._initialize_context

    def clear_trace_entities():
        if isinstance(context._local, _ContextLocal):
            context._local.clear()
        else:
            LambdaContext.clear_trace_entities(context)

    def initialize_context(trace_header):
        initialize(trace_header)
        _open_handler(context._local)

    context.clear_trace_entities = clear_trace_entities
    context._initialize_context = initialize_context


@guarded
def _open_handler(local):
    """Where the handler has a subsegment, it is the SDK's, too: what the handler annotates goes there."""
    from aws_xray_sdk.core.models.subsegment import Subsegment

    invocation = invocations.current_invocation()
    root = invocation and invocation.root
    if not root or not root.is_used or not local.segment.sampled:
        return
    subsegment = Subsegment(root.name, "local", local.segment)
    subsegment.id = root.span_id
    subsegment.start_time = root.start_time / 1e9
    local.segment.add_subsegment(subsegment)
    local.entities = [subsegment]
    root.subsegment = root.subsegment or {}
    # The same objects as those that the handler writes to.
    root.subsegment["annotations"] = subsegment.annotations = {**root.subsegment.get("annotations", {})}
    root.subsegment["metadata"] = subsegment.metadata = {**root.subsegment.get("metadata", {})}


def _replace_emitter(recorder):
    from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter

    class Emitter(UDPEmitter):
        """The SDK's own looks a daemon's name up at each document, and never learns of a daemon that is not there."""

        _daemon = None

        def send_entity(self, entity):
            _send(self._daemon, entity)

        def set_daemon_address(self, address):
            super().set_daemon_address(address)
            text = daemon_address()
            # What the environment says is the SDK's first choice, too.
            if address and text == DEFAULT_ADDRESS:
                text = f"[{self._ip}]:{self._port}" if ":" in self._ip else f"{self._ip}:{self._port}"
                self._daemon = None if text == DEFAULT_ADDRESS else DaemonSocket(text)

    if type(recorder.emitter) is UDPEmitter:
        recorder.emitter = Emitter()


@guarded
def _send(daemon, entity):
    document = entity.to_dict() if hasattr(entity, "to_dict") else json.loads(entity.serialize())  # the latter before 2.7
    _clean(document)
    running = invocations.current_invocation()
    if running is not None and str(document.get("name", "")).startswith("## "):
        # Powertools and others that record the handler.
        running.recorded_error = sys.exc_info()[1] or running.recorded_error
    send_document(document, daemon)


def _clean(document):
    if "://" in document.get("name", ""):  # some versions name a call by its URL
        document["name"] = re.split(r"[/?#]", document["name"].partition("://")[2].rpartition("@")[2], maxsplit=1)[0] or "unknown"
    request = document.get("http", {}).get("request")
    if isinstance(request, dict) and isinstance(request.get("url"), str):
        scheme, separator, rest = request["url"].partition("://")
        host, slash, path = rest.partition("/")
        request["url"] = f"{scheme}://{host.rpartition('@')[2].partition('?')[0]}{url_path(slash + path)}" if separator else url_path(request["url"])
    sql = document.get("sql")
    if isinstance(sql, dict):
        for key, value in sql.items():
            if isinstance(value, str):
                sql[key] = _LITERAL.sub("?", value) if key == "sanitized_query" else scrubbed(value)
    cause = document.get("cause")
    if isinstance(cause, dict):
        for exception in cause.get("exceptions") or ():
            _clean_exception(exception, scrubbed_query if sql else scrubbed)
    for subsegment in document.get("subsegments") or ():
        if isinstance(subsegment, dict):
            _clean(subsegment)


def _clean_exception(exception, clean):
    if isinstance(exception, dict) and isinstance(exception.get("message"), str):
        if EXCEPTION_MESSAGES:
            exception["message"] = clean(exception["message"])
        else:
            del exception["message"]
