"""The local cloud: ministack with Lambda's own segments, trace propagation and X-Ray's CloudFormation types.

Run as `python -m cloud.traced_cloud --port N` with `local/` as the current folder. Talks to its parent by one JSON object
a line on standard output, `{"event":"listening","port":N}` or `{"event":"failed","message":"..."}`, and stops when its
standard input ends: a parent that dies, however it dies, leaves nothing behind.
"""
from __future__ import annotations

import argparse
import asyncio
import importlib.metadata
import json
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from . import runtime_packages
from .wrapping import MINISTACK_VERSION, MinistackChanged

HOST = "127.0.0.1"  # nothing is reachable from another machine

logger = logging.getLogger("cdk_traced")


def main() -> None:
    parser = argparse.ArgumentParser(description="The local cloud of cdk-traced-function")
    parser.add_argument("--port", type=int, required=True, help="TCP port of the AWS APIs; 0 picks a free one")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)  # the launcher says what it is
    progress = logging.getLogger("cdk_traced.packages")
    progress.setLevel(logging.INFO)
    progress.propagate = False
    progress.addHandler(_Progress())
    logging.getLogger("kms").setLevel(logging.ERROR)  # it asks for an optional package at every start
    try:
        listener = socket.create_server((HOST, arguments.port), backlog=256)
    except OSError as error:
        fail(f"port {arguments.port} of {HOST} cannot be used: {error.strerror}")
    port = listener.getsockname()[1]
    set_environment(port)
    folder = Path(tempfile.mkdtemp(prefix="lambda-"))
    runtime_packages.prepare(folder / "packages")
    (folder / "runtimes").mkdir()
    os.environ["CDK_TRACED_RUNTIME_FILES"] = str(folder / "runtimes")
    try:
        app = prepared_app()
    except (MinistackChanged, ImportError) as error:
        fail(str(error))
    asyncio.run(serve(app, listener, port))


class _Progress(logging.Handler):
    """What takes long is no warning: the parent says it in its own way."""

    def emit(self, record: logging.LogRecord) -> None:
        tell({"event": "progress", "message": record.getMessage()})


def tell(event: dict[str, Any]) -> None:
    print(json.dumps(event), flush=True)


def fail(message: str) -> None:
    tell({"event": "failed", "message": message})
    os._exit(1)


def set_environment(port: int) -> None:
    """Settings that ministack and the functions read from the environment; set before ministack is imported."""
    os.environ.update({
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        # Functions on custom runtimes would call the real AWS without it.
        "AWS_ENDPOINT_URL": f"http://{HOST}:{port}",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        # ministack's other listeners bind every interface.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "WARNING",  # below that, payloads are logged
    })
    os.environ.setdefault("AWS_XRAY_DAEMON_ADDRESS", f"{HOST}:2000")
    xray = os.environ.get("CDK_TRACED_XRAY_ENDPOINT")
    if xray:
        os.environ["AWS_ENDPOINT_URL_XRAY"] = xray


def prepared_app() -> Any:
    """ministack's ASGI application with everything wrapped."""
    found = importlib.metadata.version("ministack")
    if found != MINISTACK_VERSION:
        raise MinistackChanged(f"ministack {found} is installed, this code is made for ministack {MINISTACK_VERSION}")
    import ministack.app

    install_all()
    from .http_tracing import traced_app
    from .service_endpoints import with_xray

    return with_xray(traced_app(ministack.app.app))


def install_all() -> None:
    """Puts every replacement into ministack; MinistackChanged where one does not fit."""
    from . import (api_addresses, api_gateway_tracing, api_resources, appsync_resolvers, async_invocations, custom_resources, distributed_maps, event_patterns, event_pipes,
                   event_resources, execution_environments, java_runtime, lambda_invocations, lambda_logs, log_filter_patterns, message_propagation,
                   network_resources, public_layers, queue_batches, resource_properties, rest_integrations, schedules, service_endpoints, stand_in_resources,
                   stream_event_sources, topic_tracing, workflow_tracing, xray_resources)

    for module in (execution_environments, java_runtime, lambda_logs, log_filter_patterns, lambda_invocations, async_invocations, custom_resources,
                   message_propagation, topic_tracing, api_gateway_tracing, api_addresses, resource_properties, xray_resources,
                   network_resources, event_resources, stand_in_resources, event_patterns, stream_event_sources,
                   rest_integrations, service_endpoints, workflow_tracing, distributed_maps, queue_batches, event_pipes,
                   schedules, appsync_resolvers, public_layers, api_resources):
        module.install()


async def serve(app: Any, listener: socket.socket, port: int) -> None:
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config

    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    threading.Thread(target=_watch_parent, args=(lambda: loop.call_soon_threadsafe(stop.set),), daemon=True).start()
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.loglevel = "WARNING"

    started = False

    async def announcing(scope: dict[str, Any], receive: Any, send: Any) -> None:
        async def send_and_announce(message: dict[str, Any]) -> None:
            nonlocal started
            await send(message)
            if message["type"] == "lifespan.startup.complete" and not started:
                started = True
                tell({"event": "listening", "port": port})

        await app(scope, receive, send_and_announce if scope["type"] == "lifespan" else send)

    await hypercorn_serve(announcing, config, shutdown_trigger=stop.wait)
    stop_function_processes()  # from here, because leaving the loop would wait for threads that a handler may block


def _watch_parent(stop: Any) -> None:
    while sys.stdin.buffer.read(65_536):
        pass
    stop()
    time.sleep(5)  # a shutdown that hangs must not keep an orphan alive
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def stop_function_processes() -> None:
    """Ends the processes of execution environments, and this one with them."""
    from ministack.core import lambda_runtime

    from .lambda_runtimes import stop_warning

    stop_warning()
    lambda_runtime.reset()
    scratch = os.environ.get("CDK_TRACED_SCRATCH")
    if scratch:
        shutil.rmtree(scratch, ignore_errors=True)
    _kill_group()
    os._exit(0)  # threads that still wait for a handler do not matter any more


def _kill_group() -> None:
    """Whatever a function started, where this process leads a group of its own."""
    if os.getpgrp() != os.getpid():
        return
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    time.sleep(0.2)
    if os.getppid() == 1:
        os.killpg(0, signal.SIGKILL)  # nobody is left to do it


if __name__ == "__main__":
    main()
