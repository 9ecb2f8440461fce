"""
Spans as OTLP, the protocol of OpenTelemetry.
https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
"""

from .protobuf import data, double, fixed64, integer, text
from .redaction import redacted

# Nesting that a value has at most; deeper, and circular, ones are cut there.
_DEEPEST = 8


def _value(value, longest, depth):
    if isinstance(value, str):
        value = redacted(value)
        return text(1, value if longest is None else value[:longest])
    if isinstance(value, bool):
        return integer(2, int(value))
    if isinstance(value, int):
        # A number that does not fit stays exact as text.
        return integer(3, value) if -(2**63) <= value < 2**63 else text(1, str(value))
    if isinstance(value, float):
        return double(4, value)
    if isinstance(value, bytes):
        return data(7, value)
    if value is None or depth >= _DEEPEST:
        return b""
    if isinstance(value, dict):
        return data(6, attributes(1, value, longest, depth + 1))
    if isinstance(value, (list, tuple, set, frozenset)):
        return data(5, b"".join([data(1, _value(item, longest, depth + 1)) for item in value]))
    return _value(str(value), longest, depth)


def attributes(field, values, longest=None, depth=0):
    """
    :param values: what is None is left out
    :param longest: characters of a text; what is longer is cut
    """
    return b"".join([
        data(field, text(1, str(key)) + data(2, _value(value, longest, depth)))
        for key, value in values.items() if value is not None
    ])


def encode_span(span, longest=None):
    """A span as a field of ScopeSpans."""
    parts = [data(1, bytes.fromhex(span.trace_id)), data(2, bytes.fromhex(span.span_id))]
    parent_id = span.parent_id
    if parent_id:
        parts.append(data(4, bytes.fromhex(parent_id)))
    parts += [
        text(5, redacted(span.name)[:longest]), integer(6, span.kind + 1),  # the protocol counts from 1
        fixed64(7, span.start_time), fixed64(8, span.end_time),
        attributes(9, span.attributes, longest),
    ]
    for name, time, values in span.events:
        parts.append(data(11, fixed64(1, time) + text(2, name) + attributes(3, values, longest)))
    for trace_id, span_id, values in span.links:
        parts.append(data(13, data(1, bytes.fromhex(trace_id)) + data(2, bytes.fromhex(span_id)) + attributes(4, values, longest)))
    if span.status:
        code, message = span.status
        parts.append(data(15, (text(2, redacted(message)[:longest]) if message else b"") + integer(3, code)))
    return data(2, b"".join(parts))


def encode_resource(values):
    """The resource as a field of ResourceSpans."""
    return data(1, attributes(1, values))


def encode_request(resource, scopes):
    """
    An ExportTraceServiceRequest.

    :param resource: as `encode_resource` gives it
    :param scopes: by name and version of what has made them, lists of spans as `encode_span` gives them
    """
    return data(1, resource + b"".join([
        data(2, data(1, text(1, name) + (text(2, version) if version else b"")) + b"".join(spans))
        for (name, version), spans in scopes.items()
    ]))
