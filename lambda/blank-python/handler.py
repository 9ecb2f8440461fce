"""Asks Lambda what the account may use and what it does use. What it requires comes in a layer."""

import os
from typing import Any

import boto3
import jsonpickle

from invocation_facts import invocation_facts

client = boto3.client("lambda")


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Reads only, so the same event again does nothing else."""
    if not isinstance(event, dict):
        raise ValueError("the event has to be a JSON object")
    settings = client.get_account_settings()
    _log(level="INFO", message="account settings read", invocation=invocation_facts(context, os.environ))
    return {"AccountLimit": settings["AccountLimit"], "AccountUsage": settings["AccountUsage"]}


def _log(**line: Any) -> None:
    print(jsonpickle.encode(line, unpicklable=False, keys=True), flush=True)
