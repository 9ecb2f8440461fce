"""The local X-Ray's API, where the launcher has started one (CDK_TRACED_XRAY_ENDPOINT)."""
from __future__ import annotations

import functools
import logging
import os
from typing import Any

logger = logging.getLogger("cdk_traced.xray")


class RequestRefused(Exception):
    """X-Ray says that the request itself is wrong, as AWS would: the resource cannot be created."""


def call_xray(region: str, operation: str, **parameters: Any) -> dict[str, Any]:
    """Calls an operation (`create_group`); without a local X-Ray, or where it has no such operation, nothing happens.

    Raises RequestRefused for InvalidRequestException and its kin; every other failure is logged.
    """
    endpoint = os.environ.get("CDK_TRACED_XRAY_ENDPOINT")
    if not endpoint:
        return {}
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return getattr(_client(endpoint, region), operation)(**parameters)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in ("InvalidRequestException", "RuleLimitExceededException", "MalformedPolicyDocumentException"):
            raise RequestRefused(f"{code}: {error.response['Error'].get('Message', '')}") from error
        logger.warning("X-Ray's %s failed: %s", operation, error)
    except BotoCoreError as error:
        logger.warning("X-Ray's %s failed: %s", operation, error)
    return {}


@functools.lru_cache(maxsize=8)
def _client(endpoint: str, region: str) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client("xray", endpoint_url=endpoint, region_name=region, aws_access_key_id="test", aws_secret_access_key="test",
                        config=Config(connect_timeout=2, read_timeout=5, retries={"max_attempts": 1}))
