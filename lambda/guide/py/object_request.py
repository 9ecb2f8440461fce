"""What a caller asks for."""

from dataclasses import dataclass
from typing import Any

LONGEST_KEY_BYTES = 1_024


@dataclass(frozen=True)
class ObjectRequest:
    bucket_name: str
    key: str
    """1 to 1,024 bytes of UTF-8."""
    body: str


def parse_object_request(event: Any, default_bucket_name: str) -> ObjectRequest:
    """The request in an event of the guide: `{"bucket_name", "bucket_key", "body"}`, where `bucket_name` may be left out.

    Raises ValueError that says what is wrong without showing the content.
    """
    if not isinstance(event, dict):
        raise ValueError("the event has to be a JSON object")
    bucket_name, key, body = event.get("bucket_name", default_bucket_name), event.get("bucket_key"), event.get("body")
    if not isinstance(key, str) or not 1 <= len(key.encode("utf-8", "surrogatepass")) <= LONGEST_KEY_BYTES:
        raise ValueError("'bucket_key' has to be text of 1 to 1,024 bytes")
    if not isinstance(body, str):
        raise ValueError("'body' has to be text")
    if not isinstance(bucket_name, str) or not bucket_name:
        raise ValueError("'bucket_name' has to be the name of a bucket")
    return ObjectRequest(bucket_name, key, body)
