"""Handler of a traced function: captures the libraries that make calls, then imports the function's own handler."""

import importlib
import sys

from . import handler_records
from .import_hooks import after_import
from .invocation import begin_invocation
from .settings import CLIENTS, HANDLER
from .span import ANNOTATIONS

# What captures a library, by the module whose import means that it is in use: module of this package, function of it.
_CAPTURES = {
    "aws-sdk": {
        "botocore.client": ("aws_clients", "capture_botocore"),
        "aiobotocore.client": ("aws_clients", "capture_aiobotocore"),
    },
    "http": {
        "http.client": ("http_clients", "capture_http_client"),
        "urllib3.connectionpool": ("http_clients", "capture_urllib3"),
        "httpx": ("http_clients", "capture_httpx"),
    },
    "sql": {
        "sqlite3": ("databases", "capture_sqlite3"),
        "mysql.connector": ("databases", "capture_mysql_connector"),
        "pymysql": ("databases", "capture_pymysql"),
        "psycopg2": ("databases", "capture_psycopg2"),
        "psycopg": ("databases", "capture_psycopg"),
        "pg8000": ("databases", "capture_pg8000"),
        "pymongo": ("databases", "capture_pymongo"),
    },
}


def _ours(name):
    return importlib.import_module(f"{__name__}.{name}")


def _capture_on_import(library, module, function):
    after_import(library, lambda imported: getattr(_ours(module), function)(imported))


for _client in CLIENTS:
    for _library, (_module, _function) in _CAPTURES.get(_client, {}).items():
        _capture_on_import(_library, _module, _function)
_capture_on_import("opentelemetry.propagate", "api", "capture_propagation")
after_import("opentelemetry.trace", lambda _trace: _ours("api"))

_module_name, _function_name = HANDLER.rsplit(".", 1)
_handle = getattr(importlib.import_module(_module_name.replace("/", ".")), _function_name)


def handler(event, context):
    """Sends what was recorded before it returns: after that the environment may freeze."""
    annotations = handler_records.annotations()
    invocation = begin_invocation()
    if invocation is None:
        return _handle(event, context)
    if annotations and invocation.is_sampled:
        invocation.root_span().set_attributes({**annotations, ANNOTATIONS: list(annotations)})
    api = sys.modules.get(f"{__name__}.api")
    attached = api.attach(invocation) if api else None
    try:
        result = _handle(event, context)
        response = handler_records.recorded(result)
        if response is not None and invocation.is_sampled:
            invocation.root_span().set_attribute("response", response)
    except BaseException as error:
        invocation.close(error)
        raise
    else:
        invocation.close()
        return result
    finally:
        if api:
            api.detach(attached)
