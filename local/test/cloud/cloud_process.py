"""A local cloud for tests in Python, and what they do with it."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

LOCAL = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds until what should come is given up


class CloudProcess:
    def __init__(self, **environment: str) -> None:
        self.scratch = tempfile.mkdtemp(prefix="cdk-traced-test-")
        self.warnings: list[str] = []
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cloud.traced_cloud", "--port", "0"], cwd=LOCAL, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
            env={**kept, "TMPDIR": self.scratch, "CDK_TRACED_SCRATCH": self.scratch, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
                 "AWS_DEFAULT_REGION": "us-east-1", "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:9", "CDK_TRACED_RETRY_SECONDS": "0.05", **environment})
        threading.Thread(target=self._read_warnings, daemon=True).start()
        assert self._process.stdout
        event = json.loads(self._process.stdout.readline() or '{"event": "nothing"}')
        if event["event"] != "listening":
            raise RuntimeError(f"the cloud did not start: {event}\n" + "\n".join(self.warnings))
        self.endpoint = f"http://127.0.0.1:{event['port']}"

    def _read_warnings(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            self.warnings.append(line.rstrip("\n"))

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
        self._process.stderr.close()

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test",
                            config=Config(retries={"max_attempts": 1}))

    def deploy(self, name: str, template: dict[str, Any]) -> dict[str, str]:
        """Creates the stack, or updates it where it exists; gives its outputs."""
        client = self.client("cloudformation")
        exists = any(stack["StackName"] == name for stack in client.describe_stacks()["Stacks"])
        call = client.update_stack if exists else client.create_stack
        call(StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])

        def finished() -> dict[str, Any] | None:
            [stack] = client.describe_stacks(StackName=name)["Stacks"]
            return None if stack["StackStatus"].endswith("_IN_PROGRESS") else stack

        stack = eventually(finished)
        if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            reasons = [event.get("ResourceStatusReason") for event in client.describe_stack_events(StackName=name)["StackEvents"]]
            raise AssertionError(f"{stack['StackStatus']}: {reasons}\n" + "\n".join(self.warnings))
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def delete(self, name: str) -> None:
        client = self.client("cloudformation")
        client.delete_stack(StackName=name)
        eventually(lambda: not any(stack["StackName"] == name and stack["StackStatus"] != "DELETE_COMPLETE"
                                   for stack in client.describe_stacks()["Stacks"]) or None)

    def log_lines(self, function: str) -> list[str]:
        logs = self.client("logs")
        try:
            return [event["message"] for event in logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]]
        except logs.exceptions.ResourceNotFoundException:
            return []


def eventually(look: Any) -> Any:
    """What `look` gives once it is not None."""
    deadline = time.monotonic() + PATIENCE
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise AssertionError("it did not come about")
        time.sleep(0.05)
    return found


def request(url: str, method: str = "GET", body: str | None = None, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], str]:
    """Status, headers (lower case) and body."""
    outgoing = urllib.request.Request(url, data=body.encode() if body is not None else None, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(outgoing, timeout=PATIENCE) as response:
            return response.status, {k.lower(): v for k, v in response.headers.items()}, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read().decode()


def python_function(name: str, code: str, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::Lambda::Function", "Properties": {
        "FunctionName": name, "Runtime": "python3.13", "Handler": "index.handler", "Code": {"ZipFile": code}, "Timeout": 10,
        "Role": "arn:aws:iam::000000000000:role/any", **properties}}
