"""The local cloud: a process of `cdk-traced-local`, which deploys the app."""

from __future__ import annotations

import json
import os
import queue
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

REMEMBERED_LINES = 30
STOP_SECONDS = 30


class LocalCloudError(Exception):
    """The local cloud cannot be started, or the app cannot be deployed to it."""


@dataclass(frozen=True)
class LocalCloud:
    """A deployed app."""

    endpoint: str
    """Address of the AWS APIs: `endpoint_url` of a boto3 client."""
    xray_url: str
    """Address of the X-Ray API, and of the page."""
    outputs: dict[str, str]
    """Outputs of all stacks."""
    stacks: dict[str, dict[str, str]]
    """Outputs by stack."""
    region: str = "us-east-1"

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client of the local cloud, with no credentials of yours."""
        import boto3

        defaults: dict[str, Any] = {"region_name": self.region, "aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, **{"endpoint_url": self.xray_url if service == "xray" else self.endpoint, **defaults, **options})


@contextmanager
def running(command: str, app_dir: str, stacks: list[str], timeout: float) -> Iterator[LocalCloud]:
    """Starts the local cloud, and ends it with all that it has started."""
    words = shlex.split(command, posix=os.name == "posix")
    program = shutil.which(words[0])
    if program is None:
        raise LocalCloudError(f"'{words[0]}' is not on the PATH; install Node.js, or set cdk_traced_local_command")
    arguments = ["--json", "--no-open", "--cloud-port", "0", "--xray-port", "0", "--web-port", "0"]
    if stacks:
        arguments += ["--stacks", ",".join(stacks)]
    process = subprocess.Popen(
        [program, *words[1:], *arguments], cwd=app_dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, encoding="utf-8", start_new_session=os.name == "posix",
    )
    try:
        yield _ready(process, timeout)
    finally:
        _stop(process)


def _ready(process: subprocess.Popen[str], timeout: float) -> LocalCloud:
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(process, lines), daemon=True).start()
    last: list[str] = []
    deadline = time.monotonic() + timeout
    while True:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise LocalCloudError(f"the app was not deployed within {timeout:g} seconds; cdk_traced_local_timeout gives it longer:\n" + "\n".join(last)) from None
        if line is None:
            raise LocalCloudError("the local cloud ended before the app was deployed:\n" + "\n".join(last))
        event = _event(line)
        last = [*last, event.get("message", line)][-REMEMBERED_LINES:]
        if event.get("event") == "ready":
            return LocalCloud(endpoint=event["endpoint"], xray_url=event["xray"], outputs=event["outputs"], stacks=event["stacks"])


def _read(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    """Goes on after the start, so that the process is never held up by what nobody reads."""
    for line in process.stdout or ():
        lines.put(line.rstrip("\n"))
    lines.put(None)


def _event(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _stop(process: subprocess.Popen[str]) -> None:
    """npx passes no signal on, so all of its group get it."""
    if process.poll() is None:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGTERM)
        else:
            process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
