"""API Gateway's mapping templates: VTL with `$input`, `$context`, `$util` and `$stageVariables`. Plain data, no ministack.

The language is airspeed's (LocalStack's fork, with API Gateway's dialect), paths are JSONPath's; what they lack of Java's strings, lists and maps is here.
Source: API Gateway Developer Guide, "Mapping template transformation variables".
"""
from __future__ import annotations

import base64
import functools
import json
import re
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

import airspeed
import jsonpath
from airspeed import operators


class TemplateFailed(Exception):
    """A template that API Gateway would not be able to evaluate."""


@dataclass
class Parameters:
    """What came with a request: the last value of each name."""

    path: dict[str, str] = field(default_factory=dict)
    querystring: dict[str, str] = field(default_factory=dict)
    header: dict[str, str] = field(default_factory=dict)

    def find(self, name: str) -> str:
        """The value in the path, else in the query, else in a header (of any case), else ''."""
        for values in (self.path, self.querystring, self.header):
            if name in values:
                return values[name]
        return next((value for key, value in self.header.items() if key.lower() == name.lower()), "")

    def maps(self) -> dict[str, dict[str, str]]:
        return {"path": self.path, "querystring": self.querystring, "header": self.header}


def render(template: str, body: str, parameters: Parameters, context: dict[str, Any], stage_variables: dict[str, str]) -> str:
    """The template's text. It may change `context` (`#set($context.responseOverride.status = 404)`)."""
    try:
        return _compiled(template).merge({
            "input": _Input(body, parameters), "util": _Util(), "context": context, "stageVariables": stage_variables,
        })
    except Exception as error:  # whatever a template does wrong is the template's fault
        raise TemplateFailed(str(getattr(error, "__cause__", None) or error)) from error


def find_path(document: Any, path: str) -> Any:
    """What a JSONPath leads to: a value, a list for paths of several, None where it leads nowhere."""
    compiled = jsonpath.compile(path if path.startswith("$") else f"$.{path}")
    found = compiled.findall(document)
    if isinstance(compiled, jsonpath.JSONPath) and compiled.singular_query():
        return found[0] if found else None
    return found


@functools.lru_cache(maxsize=256)
def _compiled(template: str) -> Any:
    return airspeed.Template(template)


class _Input:
    """`$input`."""

    def __init__(self, body: str, parameters: Parameters) -> None:
        self.body = body
        self._parameters = parameters

    def path(self, path: str = "$") -> Any:
        document = self._document()
        return find_path(document, path) if document is not None else ""

    def json(self, path: str = "$") -> str:
        if path == "$" and not isinstance(self._document(), (dict, list)):
            return self.body
        found = self.path(path)
        return '""' if found is None or found == "" else json.dumps(found, ensure_ascii=False, separators=(",", ":"))

    def params(self, name: str | None = None) -> Any:
        return self._parameters.maps() if name is None else self._parameters.find(name)

    def _document(self) -> Any:
        try:
            return json.loads(self.body) if self.body else {}
        except ValueError:
            return None


class _Util:
    """`$util`."""

    escapeJavaScript = staticmethod(lambda text: re.sub(r'(["\'\\/])', r"\\\1", str(text)).replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t"))
    parseJson = staticmethod(lambda text: json.loads(text))
    urlEncode = staticmethod(lambda text: urllib.parse.quote_plus(str(text), safe="*").replace("~", "%7E"))
    urlDecode = staticmethod(lambda text: urllib.parse.unquote_plus(str(text)))
    base64Encode = staticmethod(lambda text: base64.b64encode(str(text).encode()).decode())
    base64Decode = staticmethod(lambda text: base64.b64decode(str(text)).decode("utf-8", "replace"))


def _java_pattern(replacement: str) -> str:
    return re.sub(r"\$(\d)", r"\\\1", replacement)


_STRING_METHODS = {
    "toLowerCase": str.lower, "toUpperCase": str.upper, "trim": str.strip, "toString": str,
    "equals": lambda text, other: text == other, "equalsIgnoreCase": lambda text, other: text.lower() == str(other).lower(),
    "endsWith": lambda text, suffix: text.endswith(suffix), "isEmpty": lambda text: not text, "concat": lambda text, other: text + str(other),
    "indexOf": lambda text, part: text.find(part), "lastIndexOf": lambda text, part: text.rfind(part), "charAt": lambda text, index: text[index],
    "replaceAll": lambda text, pattern, replacement: re.sub(pattern, _java_pattern(replacement), text),
    "replaceFirst": lambda text, pattern, replacement: re.sub(pattern, _java_pattern(replacement), text, count=1),
}
_LIST_METHODS = {"remove": lambda items, index: items.pop(index), "indexOf": lambda items, item: items.index(item) if item in items else -1,
                 "subList": lambda items, start, end: items[start:end], "toString": str}
_MAP_METHODS = {"containsKey": lambda items, key: key in items, "containsValue": lambda items, value: value in items.values(), "size": len,
                "isEmpty": lambda items: not items, "remove": lambda items, key: items.pop(key, None),
                "entrySet": lambda items: [{"key": key, "value": value} for key, value in items.items()]}
for _type, _methods in ((str, _STRING_METHODS), (list, _LIST_METHODS), (dict, _MAP_METHODS)):
    operators.__additional_methods__.setdefault(_type, {}).update(_methods)
