"""Takes finished games from a queue and stores a complete record of each."""

import json
import os
from collections import Counter
from typing import Any

import boto3

from game_record import BadMessage, UnfinishedGame, build_record, parse_message
from scorekeep_api import ScorekeepApi, UnknownItem


def _required(name: str) -> str:
    if not os.environ.get(name):
        raise RuntimeError(f"the environment variable {name} is not set")
    return os.environ[name]


QUEUE_URL, DEAD_LETTER_QUEUE_URL = _required("WORKER_QUEUE"), _required("DEAD_LETTER_QUEUE")
BUCKET_NAME = _required("BUCKET_NAME")
MESSAGES_AT_ONCE = 5
# A game takes a few seconds, so with less than this nothing new is begun.
NEEDED_MILLISECONDS = 15_000

session = boto3.Session()
sqs = session.client("sqs")
s3 = session.client("s3")
api = ScorekeepApi(_required("API_URL"), session.get_credentials(), session.region_name)


def handler(event: Any, context: Any) -> dict[str, int]:
    """Runs until the queue is empty or time runs out; the event is a schedule's and says nothing.

    A message is deleted when its game is stored, or when it lies in the dead-letter queue. One that fails stays, and the
    queue itself gives it up after a few times.
    """
    outcomes: Counter[str] = Counter()
    to_be_tried_again = []
    while context.get_remaining_time_in_millis() > NEEDED_MILLISECONDS and (messages := _receive()):
        for message in messages:
            outcome = _work_on(message, context)
            outcomes[outcome] += 1
            if outcome in ("failed", "unfinished", "left"):
                to_be_tried_again.append(message)
    # At the end, so that this run does not get them once more.
    for message in to_be_tried_again:
        sqs.change_message_visibility(QueueUrl=QUEUE_URL, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    _log(level="INFO", message="queue worked on", requestId=context.aws_request_id, **outcomes)
    if outcomes["failed"]:
        raise RuntimeError(f"{outcomes['failed']} of {outcomes.total()} messages could not be worked on; they are in the queue")
    return dict(outcomes)


def _receive() -> list[dict[str, Any]]:
    # Without waiting SQS asks only some of its servers, and may say that the queue is empty when it is not.
    return sqs.receive_message(QueueUrl=QUEUE_URL, MaxNumberOfMessages=MESSAGES_AT_ONCE, WaitTimeSeconds=1).get("Messages", [])


def _work_on(message: dict[str, Any], context: Any) -> str:
    """Stores the game of a message. Gives what became of the message."""
    if context.get_remaining_time_in_millis() <= NEEDED_MILLISECONDS:
        return "left"
    try:
        finished = parse_message(message["Body"])
        s3.put_object(Bucket=BUCKET_NAME, Key=finished.key, Body=build_record(api, finished), ContentType="application/json")
        outcome = "stored"
    except UnfinishedGame:
        return "unfinished"
    except (BadMessage, UnknownItem) as error:
        reason = str(error) if isinstance(error, BadMessage) else f"the API does not know {error}"
        try:
            _bury(message, reason)
        except Exception as failure:
            return _fail(message, failure)
        outcome = "dead"
    except Exception as error:  # whatever it is, the other messages must not wait for this one
        return _fail(message, error)
    try:
        sqs.delete_message(QueueUrl=QUEUE_URL, ReceiptHandle=message["ReceiptHandle"])
    except Exception as error:
        return _fail(message, error)
    return outcome


def _bury(message: dict[str, Any], reason: str) -> None:
    """Trying again would not help: the message goes to the dead-letter queue at once, together with the reason."""
    sqs.send_message(
        QueueUrl=DEAD_LETTER_QUEUE_URL, MessageBody=message["Body"],
        MessageAttributes={"Reason": {"DataType": "String", "StringValue": reason}},
    )  # fmt: skip
    _log(level="WARN", message="message given up", messageId=message["MessageId"], reason=reason)


def _fail(message: dict[str, Any], error: Exception) -> str:
    _log(level="ERROR", message="message not worked on", messageId=message["MessageId"], reason=f"{type(error).__name__}: {error}")
    return "failed"


def _log(**line: Any) -> None:
    print(json.dumps(line), flush=True)
