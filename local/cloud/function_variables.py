"""The environment variables of a function's processes: those that Lambda documents, the function's own, and what leads to this cloud.

Source: Lambda Developer Guide, "Defined runtime environment variables". Nothing of the cloud's own environment goes through.
"""
from __future__ import annotations

import datetime
import os
import uuid
from typing import Any

from .lambda_runtimes import FunctionView

_CLOUD = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_XRAY", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED")
"""Lead to this cloud, and keep the user's own account out."""


def function_variables(config: dict[str, Any], view: FunctionView, runtime_api: str, credentials: dict[str, str], region: str,
                       runtime: dict[str, str]) -> dict[str, str]:
    """All variables of an execution environment, with a log stream of its own; `runtime` are those that the runtime sets."""
    name, version = config.get("FunctionName", ""), config.get("Version", "$LATEST")
    logging = config.get("LoggingConfig") or {}
    today = datetime.datetime.now(datetime.timezone.utc).strftime("%Y/%m/%d")
    daemon = os.environ.get("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000")
    host, _, port = daemon.rpartition(":")
    own = {str(key): str(value) for key, value in ((config.get("Environment") or {}).get("Variables") or {}).items()}
    given = {
        "PATH": f"{view.lang}/bin:/usr/local/bin:/usr/bin/:/bin:{view.opt}/bin",
        "LD_LIBRARY_PATH": ":".join([f"{view.lang}/lib", "/lib64", "/usr/lib64", view.runtime, f"{view.runtime}/lib", view.task,
                                     f"{view.task}/lib", f"{view.opt}/lib"]),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start" if _has_snapshot(config) else "on-demand",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",  # this cloud has one host for all services
        **{name: os.environ[name] for name in _CLOUD if name in os.environ},
        **runtime,
    }
    if not str(config.get("Runtime", "")).startswith("provided"):
        given["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{config.get('Runtime', '')}"
    if logging.get("LogFormat") == "JSON":
        given["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        given["AWS_LAMBDA_LOG_LEVEL"] = logging.get("ApplicationLogLevel") or "INFO"
    else:
        given["AWS_LAMBDA_LOG_FORMAT"] = "Text"
    reserved = {
        "_HANDLER": _in_view(str(config.get("Handler", "")), view),
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "LAMBDA_TASK_ROOT": view.task,
        "LAMBDA_RUNTIME_DIR": view.runtime,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": own.get("AWS_DEFAULT_REGION", region),
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(view.memory),
        "AWS_LAMBDA_LOG_GROUP_NAME": logging.get("LogGroup") or f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{today}/[{version}]{uuid.uuid4().hex}",
        "AWS_XRAY_DAEMON_ADDRESS": daemon,
        "_AWS_XRAY_DAEMON_ADDRESS": host,
        "_AWS_XRAY_DAEMON_PORT": port,
        **credentials,
    }
    if "AWS_LAMBDA_EXEC_WRAPPER" in own:
        own["AWS_LAMBDA_EXEC_WRAPPER"] = _in_view(own["AWS_LAMBDA_EXEC_WRAPPER"], view)
    return {**given, **own, **reserved}


def _in_view(path: str, view: FunctionView) -> str:
    """A path that a function's settings name as Lambda has it."""
    if path.startswith("/opt/"):
        return view.opt + path[len("/opt"):]
    if path.startswith("/var/task/"):
        return view.task + path[len("/var/task"):]
    return path


def _has_snapshot(config: dict[str, Any]) -> bool:
    return (config.get("SnapStart") or {}).get("OptimizationStatus") == "On" and config.get("Version", "$LATEST") != "$LATEST"
