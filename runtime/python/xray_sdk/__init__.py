"""Handler of a traced function: captures the libraries that make calls, then imports the function's own handler."""

import importlib

import wrapt
from aws_xray_sdk.core import patch, xray_recorder
from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter

from .daemon_socket import DaemonSocket

_HANDLER = "{{HANDLER}}"

# Libraries that the X-Ray SDK can capture, as its patcher names them, with the module whose import means that they are in use.
# https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-python-patching.html
_LIBRARIES = {
    "botocore": "botocore",
    "aiobotocore": "aiobotocore",
    "pynamodb": "pynamodb",
    "requests": "requests",
    "httpx": "httpx",
    "sqlite3": "sqlite3",
    "mysql": "mysql.connector",
    "pymysql": "pymysql",
    "psycopg2": "psycopg2",
    "psycopg": "psycopg",
    "pg8000": "pg8000",
    "pymongo": "pymongo",
}


def _patch_on_import(library, module):
    # Only when the function imports it: importing a library to patch it costs time at every cold start.
    wrapt.register_post_import_hook(lambda _module: patch((library,), raise_errors=False), module)


for _library, _module in _LIBRARIES.items():
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

_module_name, _function_name = _HANDLER.rsplit(".", 1)
handler = getattr(importlib.import_module(_module_name.replace("/", ".")), _function_name)
