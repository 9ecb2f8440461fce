"""What an SNS event, whose messages are S3 event notifications, says was uploaded."""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Optional, Union
from urllib.parse import unquote_plus

# S3 says: pad the shorter of two sequencers on the right with zeros, then compare as text.
# A fixed width does that once and for all.
SEQUENCER_WIDTH = 32

# urllib leaves a '%' that begins no escape as it is; S3 never sends one.
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class Upload:
    """One record of an S3 event notification."""

    key: str
    """The object's key, URL-decoded: at most 1,024 bytes of UTF-8."""
    message_id: str
    """Of the SNS message that the record came in."""
    sequencer: Optional[str] = None
    """S3's order of the events of one key, made comparable; records of some kinds of event have none."""


@dataclass(frozen=True)
class Failure:
    """A message, or one record of it, that cannot be handled. The reason names no content."""

    message_id: str
    reason: str


@dataclass
class ParsedEvent:
    uploads: list[Upload] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    ignored: int = 0
    """How many messages were S3 test events."""


def parse_uploads(event: Any) -> ParsedEvent:
    """Every record of every message in the event.

    Source of the format: Amazon S3 User Guide, "Event message structure".

    Raises ValueError when it is no SNS event at all; what is wrong inside one message is a failure beside the rest.
    """
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list) or not records:
        raise ValueError("the event is not an SNS event: it has no records")
    parsed = ParsedEvent()
    for record in records:
        sns = record.get("Sns") if isinstance(record, dict) else None
        if not isinstance(sns, dict) or not isinstance(sns.get("Message"), str):
            raise ValueError("the event is not an SNS event: a record has no message")
        _parse_message(sns.get("MessageId", ""), sns["Message"], parsed)
    return parsed


def _parse_message(message_id: str, text: str, parsed: ParsedEvent) -> None:
    try:
        message = json.loads(text)
    except ValueError:
        parsed.failures.append(Failure(message_id, "the message is not JSON"))
        return
    if not isinstance(message, dict):
        message = {}
    # Sent once, when the notification is configured.
    if message.get("Service") == "Amazon S3" and message.get("Event") == "s3:TestEvent":
        parsed.ignored += 1
        return
    records = message.get("Records")
    if not isinstance(records, list) or not records:
        parsed.failures.append(Failure(message_id, "the message is not an S3 event: it has no records"))
        return
    for number, record in enumerate(records, start=1):
        upload = _parse_record(record, message_id)
        if isinstance(upload, str):
            parsed.failures.append(Failure(message_id, f"record {number} {upload}"))
        else:
            parsed.uploads.append(upload)


def _parse_record(record: Any, message_id: str) -> Union[Upload, str]:
    """The upload, or what is wrong with the record."""
    if not isinstance(record, dict) or record.get("eventSource") != "aws:s3":
        return "is not an S3 event: it has no eventSource 'aws:s3'"
    s3 = record.get("s3")
    s3_object = s3.get("object") if isinstance(s3, dict) else None
    encoded_key = s3_object.get("key") if isinstance(s3_object, dict) else None
    if not isinstance(encoded_key, str) or not encoded_key:
        return "has no object key"
    try:
        if _BAD_ESCAPE.search(encoded_key):
            raise ValueError
        key = unquote_plus(encoded_key, errors="strict")
    except ValueError:
        return "has an object key that is not URL-encoded UTF-8"
    sequencer = s3_object.get("sequencer")
    if isinstance(sequencer, str) and sequencer:
        return Upload(key, message_id, sequencer.upper().ljust(SEQUENCER_WIDTH, "0"))
    return Upload(key, message_id)
