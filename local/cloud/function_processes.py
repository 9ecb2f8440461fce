"""Starts the processes of execution environments the way Lambda's look from the inside.

ministack starts them with `subprocess.Popen`; this stands in its place there, because it is the one point where a
process's environment variables, its channels and the moment of its start can be had.
"""
from __future__ import annotations

import datetime
import io
import os
import queue
import subprocess
import time
import uuid
from typing import Any

from .invocation import running_attempt

_NOT_FOR_FUNCTIONS = ("GATEWAY_PORT", "BIND_HOST", "LOG_LEVEL", "IOT_MTLS_ENABLED", "SFTP_ENABLED", "S3_DATA_DIR", "STATE_DIR",
                      "PYTHONDONTWRITEBYTECODE", "LAMBDA_EXECUTOR", "VIRTUAL_ENV", "PYTHONUNBUFFERED", "PYTHONSAFEPATH")
_KEPT = ("CDK_TRACED_PYTHON_RUNTIME", "CDK_TRACED_NODE_RUNTIME")



class TimedLine(str):
    """A line of a function's output, with the time at which it arrived."""

    time: float


class TimedQueue(queue.Queue):  # type: ignore[type-arg]
    """A queue that notes when each line was put into it."""

    def _put(self, item: Any) -> None:
        if isinstance(item, str):
            item = TimedLine(item)
            item.time = time.time()
        super()._put(item)


class FunctionProcesses:
    """Stands in for the module `subprocess` in ministack's lambda_runtime."""

    PIPE = subprocess.PIPE
    STDOUT = subprocess.STDOUT
    DEVNULL = subprocess.DEVNULL

    @staticmethod
    def Popen(command: list[str], **options: Any) -> subprocess.Popen[Any]:  # noqa: N802 - the name is subprocess's
        running = running_attempt()
        options["env"] = function_environment(options.get("env") or {})
        if running:
            # The end is set when the environment is ready; until then it is an initialization of no length.
            now = time.time()
            running[1].initialization = (now, now)
            running[1].log_stream = options["env"]["AWS_LAMBDA_LOG_STREAM_NAME"]
            options["env"].setdefault("AWS_EXECUTION_ENV", f"AWS_Lambda_{running[1].runtime}")
        if len(command) == 2:
            # Interpreter and bootstrap. Replies go to descriptor 3, and all that the function prints, its children
            # included, to the log. `-S`: a function must not see the packages of the Python that happens to run it.
            flags = ["-S"] if command[1].endswith(".py") else []
            command = ["/bin/sh", "-c", 'exec "$@" 3>&1 1>&2', "sh", command[0], *flags, command[1]]
            process = subprocess.Popen(command, **{**options, "encoding": "utf-8", "errors": "replace"})
            # Lambda's Node.js runtime writes a carriage return for each newline within a message: that is no end of a line.
            process.stderr = io.TextIOWrapper(process.stderr.detach(), encoding="utf-8", errors="replace", newline="\n")
            return process
        return subprocess.Popen(command, **options)


def function_environment(variables: dict[str, str]) -> dict[str, str]:
    """The environment variables of a function's process: what Lambda sets, and nothing of the cloud's own settings."""
    result = {name: value for name, value in variables.items()
              if name not in _NOT_FOR_FUNCTIONS and (name in _KEPT or not name.startswith(("CDK_TRACED_", "MINISTACK_")))}
    name = result.get("AWS_LAMBDA_FUNCTION_NAME", "")
    version = result.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
    today = datetime.datetime.now(datetime.timezone.utc).strftime("%Y/%m/%d")
    result["AWS_LAMBDA_LOG_STREAM_NAME"] = f"{today}/[{version}]{uuid.uuid4().hex}"
    result.setdefault("AWS_LAMBDA_LOG_GROUP_NAME", f"/aws/lambda/{name}")
    result.setdefault("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    result.setdefault("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR")
    result.setdefault("TZ", ":UTC")
    # The interpreter here may be older than the runtime that the function asked for; its log need not say so each time.
    result.setdefault("AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED", "true")
    daemon = result.setdefault("AWS_XRAY_DAEMON_ADDRESS", os.environ.get("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000"))
    host, _, port = daemon.rpartition(":")
    result.setdefault("_AWS_XRAY_DAEMON_ADDRESS", host)
    result.setdefault("_AWS_XRAY_DAEMON_PORT", port)
    return result
