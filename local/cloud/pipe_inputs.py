"""Input templates of EventBridge Pipes. Plain data, no ministack.

Source: EventBridge User Guide, "Amazon EventBridge Pipes input transformation": paths in angle brackets, reserved variables, and the body of a message or the data
of a record as JSON where a path leads into it.
"""
from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|<[^<>]*>')
_PLACEHOLDER = re.compile(r"<([^<>]*)>")
_STEP = re.compile(r"\.?([A-Za-z0-9_$-]+)|\[(\d+)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
_ENCODED = ("data", "value", "key")  # of Kinesis and Kafka


def transform(template: str | None, event: Any, variables: dict[str, Any]) -> str:
    """The text that an event becomes; without a template the event itself. `variables` are the reserved ones, without brackets."""
    if not template:
        return json.dumps(event)
    names = {"aws.pipes.event.json": event, **variables}

    def value(name: str) -> Any:
        name = name.strip()
        return names[name] if name in names else find(event, name) if name.startswith("$") else None

    if '"' not in template and not template.lstrip().startswith(("{", "[")):
        alone = _PLACEHOLDER.fullmatch(template.strip())
        if alone:
            found = value(alone[1])
            return found if isinstance(found, str) else json.dumps(found)
        return _PLACEHOLDER.sub(lambda token: _as_text(value(token[1])), template)

    def render(token: re.Match[str]) -> str:
        text = token[0]
        if text.startswith("<"):
            return json.dumps(value(text[1:-1]))
        return _PLACEHOLDER.sub(lambda inner: json.dumps(_as_text(value(inner[1])))[1:-1], text)

    return _TOKEN.sub(render, template)


def find(event: Any, path: str) -> Any:
    """What `$.a.b[0]` leads to, also into JSON that stands in a text; None where it leads nowhere."""
    value: Any = event
    rest = path[1:]
    last = ""
    while rest:
        step = _STEP.match(rest)
        if not step:
            return None
        rest = rest[step.end():]
        value = _opened(value, last)
        name = step[1] or step[3] or step[4]
        try:
            value = value[int(step[2])] if step[2] is not None else value[name]
        except (KeyError, IndexError, TypeError):
            return None
        last = name or ""
    return _opened(value, last) if last in ("body", *_ENCODED) else value


def resolve(parameter: Any, event: Any) -> Any:
    """A target's parameter: a path is what it leads to."""
    if isinstance(parameter, str) and parameter.startswith("$."):
        return _as_text(find(event, parameter))
    return parameter


def _opened(value: Any, name: str) -> Any:
    if not isinstance(value, str):
        return value
    texts = [value]
    if name in _ENCODED:
        try:
            texts.insert(0, base64.b64decode(value, validate=True).decode("utf-8"))
        except (binascii.Error, UnicodeDecodeError):
            pass  # it stands there as it is
    for text in texts:
        try:
            found = json.loads(text)
        except ValueError:
            continue
        if isinstance(found, (dict, list)):
            return found
    return texts[0]


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)
