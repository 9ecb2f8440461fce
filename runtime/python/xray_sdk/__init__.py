"""Handler of a traced function: captures the libraries that make calls, then imports the function's own handler."""

import importlib
import os
import time
import traceback

import wrapt
from aws_xray_sdk.core import patch, xray_recorder
from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter

from . import handler_records
from .daemon_socket import DaemonSocket
from .settings import CLIENTS, HANDLER

# Libraries that the X-Ray SDK can capture, as its patcher names them, with the module whose import means that they are in use.
# https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-python-patching.html
_LIBRARIES = {
    "aws-sdk": {"botocore": "botocore", "aiobotocore": "aiobotocore", "pynamodb": "pynamodb"},
    "http": {"requests": "requests", "httpx": "httpx"},
    "sql": {
        "sqlite3": "sqlite3",
        "mysql": "mysql.connector",
        "pymysql": "pymysql",
        "psycopg2": "psycopg2",
        "psycopg": "psycopg",
        "pg8000": "pg8000",
        "pymongo": "pymongo",
    },
}


def _patch_on_import(library, module):
    # Only when the function imports it: importing a library to patch it costs time at every cold start.
    wrapt.register_post_import_hook(lambda _module: patch((library,), raise_errors=False), module)


for _client in CLIENTS:
    for _library, _module in _LIBRARIES.get(_client, {}).items():
        _patch_on_import(_library, _module)


class _Emitter(UDPEmitter):
    """The SDK's own looks a daemon's name up at each document, and never learns of a daemon that is not there."""

    _daemon = None

    def _send_data(self, data):
        if not self._daemon.send(data.encode("utf-8")):
            raise OSError("the document is larger than a datagram may be")

    def set_daemon_address(self, address):
        super().set_daemon_address(address)
        if address:
            self._daemon = DaemonSocket(f"{self._ip}:{self._port}")


xray_recorder.emitter = _Emitter()

_module_name, _function_name = HANDLER.rsplit(".", 1)
_handle = getattr(importlib.import_module(_module_name.replace("/", ".")), _function_name)


def handler(event, context):
    """One invocation. It becomes a subsegment when it has something to say: annotations, the response, or an error."""
    annotations = handler_records.annotations()
    started = time.time()
    subsegment = _begin() if annotations is not None else None
    try:
        if subsegment:
            for key, value in annotations.items():
                subsegment.put_annotation(key, value)
        result = _handle(event, context)
        response = handler_records.recorded(result)
        if subsegment and response is not None:
            subsegment.put_metadata("response", response)
        return result
    except BaseException as error:
        if annotations is None:
            subsegment = _begin()
            if subsegment:
                subsegment.start_time = started
        if subsegment:
            subsegment.add_exception(error, traceback.extract_tb(error.__traceback__))
        raise
    finally:
        if subsegment:
            xray_recorder.end_subsegment()


def _begin():
    # Without a trace, as in a test that calls the handler, the SDK would only complain.
    header = os.environ.get("_X_AMZN_TRACE_ID", "")
    return xray_recorder.begin_subsegment(handler_records.NAME) if "Root=1-" in header and "Sampled=1" in header else None
