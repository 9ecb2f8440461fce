"""
Sends spans to the X-Ray daemon that every Lambda environment has, as the AWS Distro for OpenTelemetry does: one datagram is the daemon's
header, 'T1S' (sampled; what is not is not sent at all), and base64 of an OTLP request.
https://github.com/aws-observability/aws-otel-python-instrumentation
"""

import json
import os
import sys
from binascii import b2a_base64

from .daemon_socket import DaemonSocket, daemon_address
from .guard import warn as _warn
from .otlp import encode_request, encode_resource, encode_span

# What joins spans that the handler makes by itself, by the module whose import means that it does.
JOINED = {
    "opentelemetry.propagate": ("api", "capture_propagation"),
    "opentelemetry.trace": ("api", "capture_trace"),
}

# Spans go together: one packet costs as much as the spans in it.
SENDS_AT_ONCE = False
SPEAKS_W3C = True

_PREFIX = b'{"format":"json","version":1}\nT1S'

# A datagram of 60 kB, of the 65,507 bytes that fit, before base64.
_LARGEST_REQUEST_BYTES = (60_000 - len(_PREFIX)) // 4 * 3

# Characters that a text of a span keeps when the span does not fit with all of them.
_SHORTENED = (4_096, 256, 16)

_socket = DaemonSocket(daemon_address())
_resource = None


def begin(invocation):
    """Makes the handler's span the active one."""
    api = sys.modules.get(f"{__package__}.api")
    invocation.attached = api.attach(invocation) if api else None


def end(invocation):
    if invocation.attached is not None:
        sys.modules[f"{__package__}.api"].detach(invocation.attached)


def export_spans(spans):
    """Never raises: what a function does goes on without its traces."""
    global _resource
    try:
        if _resource is None:
            _resource = encode_resource(_describe_resource())
        scopes = {}
        size = len(_resource) + 16
        for span in spans:
            encoded = _fit(span)
            if encoded is None:
                continue
            scope_size = 0 if span.scope in scopes else len(span.scope[0]) * 4 + 64
            if size + scope_size + len(encoded) > _LARGEST_REQUEST_BYTES:
                _send(scopes)
                scopes = {}
                size = len(_resource) + 16
                scope_size = len(span.scope[0]) * 4 + 64
            scopes.setdefault(span.scope, []).append(encoded)
            size += scope_size + len(encoded)
        _send(scopes)
    except Exception as error:
        _warn(f"spans are lost ({type(error).__name__})")


def _send(scopes):
    if scopes:
        _socket.send(_PREFIX + b2a_base64(encode_request(_resource, scopes), newline=False))


def send_document(document):
    """A segment document of X-Ray's own format, for what is no span of this function."""
    _socket.send(b'{"format":"json","version":1}\n' + json.dumps(document, separators=(",", ":")).encode("ascii"))


def _fit(span):
    """A span with texts as long as they may be."""
    largest = _LARGEST_REQUEST_BYTES - len(_resource) - 80 - len(span.scope[0]) * 4
    try:
        for longest in (None, *_SHORTENED):
            encoded = encode_span(span, longest)
            if len(encoded) <= largest:
                return encoded
    except Exception as error:  # whatever a value of the handler's own raises when it is written
        _warn(f"the span '{span.name[:100]}' is lost ({type(error).__name__}: {error})")
        return None
    _warn(f"the span '{span.name[:100]}' is lost, it is too large to send ({len(encoded)} bytes)")
    return None


def _describe_resource():
    """https://opentelemetry.io/docs/specs/semconv/resource/faas/"""
    env = os.environ
    return {
        "service.name": env.get("OTEL_SERVICE_NAME") or env.get("AWS_LAMBDA_FUNCTION_NAME", "unknown_service"),
        "cloud.provider": "aws",
        "cloud.platform": "aws_lambda",
        "cloud.region": env.get("AWS_REGION"),
        "faas.name": env.get("AWS_LAMBDA_FUNCTION_NAME"),
        "faas.version": env.get("AWS_LAMBDA_FUNCTION_VERSION"),
        "telemetry.sdk.name": "cdk-traced-function",
        "telemetry.sdk.language": "python",
    }
