"""Records every upload that an SNS event tells of."""

import json
import os
from datetime import datetime, timezone
from typing import Any

import boto3

from handled_items import record_handled
from uploads import Failure, parse_uploads

if not os.environ.get("TABLE_NAME"):
    raise RuntimeError("the environment variable TABLE_NAME is not set: it must hold the name of the DynamoDB table")
TABLE_NAME = os.environ["TABLE_NAME"]
client = boto3.client("dynamodb")


def handler(event: Any, context: Any) -> None:
    """Handle everything that can be handled, then fail if anything could not be.

    Lambda's retry repeats the good part without effect, and the dead-letter queue gets what fails for good.
    """
    parsed = parse_uploads(event)
    failures = parsed.failures
    written = unchanged = 0
    for upload in parsed.uploads:
        try:
            if record_handled(client, TABLE_NAME, upload, datetime.now(timezone.utc)):
                written += 1
            else:
                unchanged += 1
        except Exception as error:  # whatever it is, the records after it must not be lost with it
            failures.append(Failure(upload.message_id, f"cannot write to the table: {type(error).__name__}: {error}"))

    request_id = context.aws_request_id
    for failure in failures:
        _log(level="ERROR", message="record not handled", requestId=request_id, messageId=failure.message_id, reason=failure.reason)
    _log(
        level="INFO", message="event handled", requestId=request_id,
        written=written, unchanged=unchanged, ignored=parsed.ignored, failed=len(failures),
    )  # fmt: skip
    if failures:
        raise RuntimeError(f"{len(failures)} not handled; the first, of SNS message {failures[0].message_id}: {failures[0].reason}")


def _log(**line: Any) -> None:
    print(json.dumps(line), flush=True)
