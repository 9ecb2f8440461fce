"""What was chosen where the function is defined: in a layer, which many functions share, it comes by environment variables."""

import json
import os

_capture = json.loads(os.environ.get("CDK_TRACED_FUNCTION_CAPTURE", "{}"))

HANDLER = os.environ["CDK_TRACED_FUNCTION_HANDLER"]
CLIENTS = tuple(_capture.get("clients", ("aws-sdk", "http", "sql")))
CONTEXT_MISSING = _capture.get("contextMissing", "LOG_ERROR")
COLD_START = _capture.get("coldStart", False)
RESPONSE = _capture.get("response", False)
LOGS = False
MESSAGES = None
PAYLOADS = ()
RATIO = None
KEEPS = False
SLOWER_THAN = None

_recording = _capture.get("recording", {})
S3_KEYS = _recording.get("s3Keys", True)
URL_PATHS = _recording.get("urlPaths", True)
EXCEPTION_MESSAGES = _recording.get("exceptionMessages", True)
REDACT = tuple(_recording.get("redact", ()))
