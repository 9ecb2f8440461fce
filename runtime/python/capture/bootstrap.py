"""
Captures the libraries that make calls, then imports the function's own handler.
The file is named as Lambda's own, because the runtime leaves out frames of files with this name: Python 3.10 shows that of the handler here.
https://github.com/aws/aws-lambda-python-runtime-interface-client/blob/main/awslambdaric/bootstrap.py
"""

import importlib
import os

from . import handler_records, writer
from .guard import guarded, leave_out_frame
from .import_hooks import after_import
from .invocation import begin_invocation
from .settings import CLIENTS, HANDLER, LOGS, MESSAGES
from .span import ANNOTATIONS

# What captures a library, by the module whose import means that it is in use: module of this package, function of it.
_CAPTURES = {
    "aws-sdk": {
        "botocore.client": ("aws_clients", "capture_botocore"),
        "aiobotocore.client": ("aws_clients", "capture_aiobotocore"),
        "pynamodb.connection.base": ("aws_clients", "capture_pynamodb"),
    },
    "http": {
        "http.client": ("http_clients", "capture_http_client"),
        "urllib3.connectionpool": ("http_clients", "capture_urllib3"),
        "httpx": ("http_clients", "capture_httpx"),
        "aiohttp.client": ("http_clients", "capture_aiohttp"),
    },
    "sql": {
        "sqlite3": ("databases", "capture_sqlite3"),
        "mysql.connector": ("databases", "capture_mysql_connector"),
        "pymysql": ("databases", "capture_pymysql"),
        "aiomysql": ("databases", "capture_aiomysql"),
        "psycopg2": ("databases", "capture_psycopg2"),
        "psycopg": ("databases", "capture_psycopg"),
        "asyncpg": ("databases", "capture_asyncpg"),
        "pg8000": ("databases", "capture_pg8000"),
        "pymongo": ("databases", "capture_pymongo"),
    },
}


def _capture_on_import(library, module, function):
    after_import(library, lambda imported: getattr(importlib.import_module(f"{__package__}.{module}"), function)(imported))


for _client in CLIENTS:
    for _library, (_module, _function) in _CAPTURES.get(_client, {}).items():
        _capture_on_import(_library, _module, _function)
if LOGS:
    from .log_correlation import correlate

    correlate()
if MESSAGES == "continue":
    _capture_on_import("aws_lambda_powertools.utilities.batch.base", "message_tracing", "capture_batch_processors")
for _library, (_module, _function) in writer.JOINED.items():
    _capture_on_import(_library, _module, _function)

# What the handler's own code, and libraries that it uses, look up.
os.environ["_HANDLER"] = HANDLER
_module_name, _function_name = HANDLER.rsplit(".", 1)
_handle = getattr(importlib.import_module(_module_name.replace("/", ".")), _function_name)


def handler(event, context):
    invocation = _begin(event, context)
    try:
        result = _handle(event, context)
    except BaseException as error:
        if invocation is not None:
            _fail(invocation, error)
        leave_out_frame(error)
        raise
    if invocation is not None:
        _end(invocation, result)
    return result


@guarded
def _begin(event, context):
    annotations = handler_records.annotations()
    invocation = begin_invocation(context, event)
    if invocation is not None:
        if annotations is not None and invocation.is_sampled:
            root = invocation.root_span()
            root.is_used = root.is_used or writer.SENDS_AT_ONCE  # whoever has been sent cannot be put below it later
            if annotations:
                root.set_attributes({**annotations, ANNOTATIONS: list(annotations)})
        writer.begin(invocation)
    return invocation


@guarded
def _end(invocation, result):
    """Sends what was recorded before the handler returns: after that the environment may freeze."""
    try:
        response = handler_records.recorded(result)
        if response is not None and invocation.is_sampled:
            invocation.root_span().set_attribute("response", response)
    finally:
        _close(invocation)


@guarded
def _fail(invocation, error):
    _close(invocation, error)


def _close(invocation, error=None):
    try:
        invocation.close(error)
    finally:
        writer.end(invocation)
