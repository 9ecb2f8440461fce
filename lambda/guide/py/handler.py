"""Puts an object into a bucket and gets it back, each inside a subsegment of its own: the guide's explicit style.

The client itself is captured by TracedFunction, so its calls lie inside these subsegments.
"""

import os
import traceback
from typing import Any

import boto3
from aws_xray_sdk.core import xray_recorder

from object_request import ObjectRequest, parse_object_request

if not os.environ.get("BUCKET_NAME"):
    raise RuntimeError("the environment variable BUCKET_NAME is not set: it must hold the name of the bucket")
BUCKET_NAME = os.environ["BUCKET_NAME"]
client = boto3.client("s3")


def handler(event: Any, context: Any) -> dict[str, Any]:
    """The same event again writes the same object."""
    request = parse_object_request(event, BUCKET_NAME)
    return {
        "bucket_name": request.bucket_name,
        "bucket_key": request.key,
        "put_response": put_object_into_s3(request),
        "get_response": get_object_from_s3(request),
    }


# A subsegment that is begun and ended by hand. There is none where the request is not traced.
def put_object_into_s3(request: ObjectRequest) -> int:
    subsegment = xray_recorder.begin_subsegment("put_object")
    try:
        response = client.put_object(Bucket=request.bucket_name, Key=request.key, Body=request.body.encode())
        status_code = response["ResponseMetadata"]["HTTPStatusCode"]
        xray_recorder.put_annotation("put_response", status_code)
        return status_code
    except Exception as error:
        if subsegment:
            subsegment.add_exception(error, traceback.extract_tb(error.__traceback__))
        raise
    finally:
        xray_recorder.end_subsegment()


# A subsegment around all of a function, which records the function's exceptions too.
@xray_recorder.capture("get_object")
def get_object_from_s3(request: ObjectRequest) -> int:
    response = client.get_object(Bucket=request.bucket_name, Key=request.key)
    response["Body"].close()
    status_code = response["ResponseMetadata"]["HTTPStatusCode"]
    xray_recorder.put_annotation("get_response", status_code)
    return status_code
