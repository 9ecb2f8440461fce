"""AppSync's mapping templates: VTL with `$context` and `$util`. Plain data, no ministack.

The language is airspeed's, as for API Gateway (`mapping_templates`, which gives it Java's methods).
Source: AppSync Developer Guide, "Resolver mapping template context reference", "Resolver mapping template utility reference".
"""
from __future__ import annotations

import base64
import functools
import json
import random
import re
import time
import urllib.parse
import uuid
from contextvars import ContextVar
from datetime import datetime, timezone
from typing import Any

import airspeed
from airspeed import operators

from . import mapping_templates  # noqa: F401 - registers the methods of Java's strings, lists and maps

_null_is_false: ContextVar[bool] = ContextVar("cdk_traced_null_is_false", default=False)
_calculate = operators.Condition.calculate


def _calculate_condition(condition: Any, namespace: Any, loader: Any) -> bool:
    # API Gateway takes a condition that is null for true, and airspeed does so, too; AppSync, as Velocity itself, for false.
    if _null_is_false.get():
        return bool(condition.expression.calculate(namespace, loader))
    return bool(_calculate(condition, namespace, loader))


operators.Condition.calculate = _calculate_condition
_negate = operators.UnaryOperatorValue.calculate


def _calculate_negation(negation: Any, namespace: Any, loader: Any) -> Any:
    if _null_is_false.get():
        return not negation.value.calculate(namespace, loader)
    return _negate(negation, namespace, loader)


operators.UnaryOperatorValue.calculate = _calculate_negation

_RETURN = re.compile(r"#return\s*(\((?:[^()]|\([^()]*(?:\([^()]*\)[^()]*)*\))*\))?")


class TemplateError(Exception):
    """What a template reports by `$util.error`, or does wrong."""

    def __init__(self, message: str, error_type: str = "MappingTemplate", data: Any = None, info: Any = None) -> None:
        super().__init__(message)
        self.error_type, self.data, self.info = error_type, data, info


class _Returned(Exception):
    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


def render(template: str, context: dict[str, Any], errors: list[dict[str, Any]]) -> tuple[bool, Any]:
    """Whether the template ended by `#return`, and what it gives: parsed JSON. It may change the context's stash; `errors` gets what it appends."""
    util = Util(errors, context)
    token = _null_is_false.set(True)
    try:
        text = _compiled(template).merge({"ctx": context, "context": context, "util": util, "utils": util})
    except Exception as error:  # whatever a template does wrong is the template's fault
        cause: Any = error
        while cause is not None:
            if isinstance(cause, _Returned):
                return True, cause.value
            if isinstance(cause, TemplateError):
                raise cause from None
            cause = cause.__cause__ or cause.__context__
        raise TemplateError(f"Template transformation failed: {error}") from error
    finally:
        _null_is_false.reset(token)
    if not text.strip():
        return False, None
    try:
        return False, json.loads(text)
    except ValueError as error:
        raise TemplateError(f"Unable to transform the template: {error}: {text.strip()[:500]}") from error


@functools.lru_cache(maxsize=256)
def _compiled(template: str) -> Any:
    return airspeed.Template(_RETURN.sub(lambda found: f"$util.returns{found[1] or '()'}", template))


class _Group:
    """Functions of a part of `$util`."""

    def __init__(self, **functions: Any) -> None:
        self.__dict__.update(functions)


def to_attribute(value: Any) -> Any:
    """A value as DynamoDB has it."""
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, (int, float)):
        return {"N": json.dumps(value)}
    if isinstance(value, (list, tuple)):
        return {"L": [to_attribute(item) for item in value]}
    if isinstance(value, dict):
        return {"M": {key: to_attribute(item) for key, item in value.items()}}
    return {"S": str(value)}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _type_of(value: Any) -> str:
    names = ((bool, "Boolean"), ((int, float), "Number"), (str, "String"), (list, "List"), (dict, "Map"))
    return "Null" if value is None else next((name for kind, name in names if isinstance(value, kind)), "Object")  # type: ignore[arg-type]


def _iso(milliseconds: float) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _milliseconds(text: str) -> int:
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


class Util:
    """`$util`."""

    def __init__(self, errors: list[dict[str, Any]], context: dict[str, Any]) -> None:
        self._errors = errors
        self._context = context
        self.time = _Group(
            nowISO8601=lambda: _iso(time.time() * 1000), nowEpochSeconds=lambda: int(time.time()), nowEpochMilliSeconds=lambda: int(time.time() * 1000),
            nowFormatted=lambda *_format: _iso(time.time() * 1000), parseISO8601ToEpochMilliSeconds=_milliseconds,
            parseFormattedToEpochMilliSeconds=lambda text, *_format: _milliseconds(text), epochMilliSecondsToISO8601=_iso,
            epochMilliSecondsToSeconds=lambda value: int(value) // 1000, epochMilliSecondsToFormatted=lambda value, *_format: _iso(value))
        sets = {"StringSet": ("SS", str), "NumberSet": ("NS", lambda item: json.dumps(item)), "BinarySet": ("BS", str)}
        plain = {"String": lambda v: {"S": str(v)}, "Number": lambda v: {"N": str(v)}, "Binary": lambda v: {"B": v}, "Boolean": lambda v: {"BOOL": bool(v)},
                 "Null": lambda *_v: {"NULL": True}, "List": to_attribute, "Map": to_attribute, "DynamoDB": to_attribute,
                 "MapValues": lambda v: {key: to_attribute(item) for key, item in (v or {}).items()},
                 "S3Object": lambda key, bucket, region, *version: {"S": _json({"s3": {"key": key, "bucket": bucket, "region": region}})}}
        plain.update({name: (lambda v, code=code, of=of: {code: [of(item) for item in v]}) for name, (code, of) in sets.items()})
        self.dynamodb = _Group(**{f"to{name}": of for name, of in plain.items()},
                               **{f"to{name}Json": (lambda *v, of=of: _json(of(*v))) for name, of in plain.items()})
        self.list = _Group(copyAndRetainAll=lambda items, kept: [item for item in items if item in kept],
                           copyAndRemoveAll=lambda items, removed: [item for item in items if item not in removed],
                           sortList=lambda items, descending=False, field="": sorted(items, key=lambda i: i[field] if field else i, reverse=descending))
        self.map = _Group(copyAndRetainAllKeys=lambda items, kept: {key: value for key, value in items.items() if key in kept},
                          copyAndRemoveAllKeys=lambda items, removed: {key: value for key, value in items.items() if key not in removed})
        self.str = _Group(toUpper=lambda text: text.upper(), toLower=lambda text: text.lower(), normalize=lambda text, _form: text,
                          toReplace=lambda text, old, new: text.replace(old, new))
        self.math = _Group(roundNum=lambda value: int(value + 0.5), minVal=min, maxVal=max, randomDouble=random.random,
                           randomWithinRange=lambda low, high: random.randint(low, high - 1))
        self.transform = _Group(toDynamoDBConditionExpression=lambda condition: _json(condition_expression(condition)),
                                toDynamoDBFilterExpression=lambda condition: _json(condition_expression(condition)))
        self.http = _Group(copyHeaders=lambda headers: {key: value for key, value in headers.items() if not key.lower().startswith(("x-amz", "host"))})

    def returns(self, value: Any = None) -> None:
        raise _Returned(value)

    def error(self, message: str = "", error_type: str = "Custom", data: Any = None, info: Any = None) -> None:
        raise TemplateError(str(message), str(error_type), data, info)

    def appendError(self, message: str = "", error_type: str = "Custom", data: Any = None, info: Any = None) -> str:
        self._errors.append({"message": str(message), "errorType": str(error_type), "data": data, "errorInfo": info})
        return ""

    def unauthorized(self) -> None:
        raise TemplateError("Not Authorized to access this field", "Unauthorized")

    def validate(self, condition: Any, message: str, error_type: str = "CustomTemplateException", data: Any = None) -> str:
        if not condition:
            raise TemplateError(message, error_type, data)
        return ""

    def authType(self) -> str:
        identity = self._context.get("identity") or {}
        return "User Pool Authorization" if identity.get("claims") else "IAM Authorization" if identity.get("userArn") else "API Key Authorization"

    qr = quiet = staticmethod(lambda *_values: "")
    toJson = staticmethod(_json)
    parseJson = staticmethod(lambda text: json.loads(text) if text else None)
    autoId = staticmethod(lambda: str(uuid.uuid4()))
    autoUlid = staticmethod(lambda: uuid.uuid4().hex[:26].upper())
    autoKsuid = staticmethod(lambda: uuid.uuid4().hex[:27])
    isNull = staticmethod(lambda value=None: value is None)
    isNullOrEmpty = staticmethod(lambda value=None: value is None or value == "")
    isNullOrBlank = staticmethod(lambda value=None: _is_blank(value))
    defaultIfNull = staticmethod(lambda value=None, default=None: default if value is None else value)
    defaultIfNullOrEmpty = staticmethod(lambda value=None, default=None: default if value in (None, "") else value)
    defaultIfNullOrBlank = staticmethod(lambda value=None, default=None: default if _is_blank(value) else value)
    isString = staticmethod(lambda value: isinstance(value, str))
    isNumber = staticmethod(lambda value: isinstance(value, (int, float)) and not isinstance(value, bool))
    isBoolean = staticmethod(lambda value: isinstance(value, bool))
    isList = staticmethod(lambda value: isinstance(value, list))
    isMap = staticmethod(lambda value: isinstance(value, dict))
    typeOf = staticmethod(_type_of)
    matches = staticmethod(lambda pattern, text: re.search(pattern, text or "") is not None)
    urlEncode = staticmethod(lambda text: urllib.parse.quote_plus(str(text)))
    urlDecode = staticmethod(lambda text: urllib.parse.unquote_plus(str(text)))
    base64Encode = staticmethod(lambda text: base64.b64encode(text if isinstance(text, bytes) else str(text).encode()).decode())
    base64Decode = staticmethod(lambda text: base64.b64decode(str(text)).decode("utf-8", "replace"))
    escapeJavaScript = staticmethod(lambda text: json.dumps(str(text), ensure_ascii=False)[1:-1])


_OPERATORS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def condition_expression(condition: dict[str, Any]) -> dict[str, Any]:
    """`{title: {contains: "x"}, and: [...]}` as an expression with its names and values."""
    names: dict[str, str] = {}
    values: dict[str, Any] = {}

    def value(given: Any) -> str:
        values[f":v{len(values)}"] = to_attribute(given)
        return f":v{len(values) - 1}"

    def of(part: dict[str, Any]) -> str:
        found = []
        for key, test in (part or {}).items():
            if key in ("and", "or"):
                found.append("(" + f" {key.upper()} ".join(of(each) for each in test) + ")")
            elif key == "not":
                found.append(f"(NOT {of(test)})")
            else:
                names[f"#{key}"] = key
                found += [one(f"#{key}", operator, given) for operator, given in test.items()]
        return " AND ".join(f"({each})" for each in found) if len(found) > 1 else "".join(found)

    def one(name: str, operator: str, given: Any) -> str:
        if operator in _OPERATORS:
            return f"{name} {_OPERATORS[operator]} {value(given)}"
        if operator == "between":
            return f"{name} BETWEEN {value(given[0])} AND {value(given[1])}"
        if operator == "in":
            return f"{name} IN ({', '.join(value(each) for each in given)})"
        if operator == "attributeExists":
            return f"attribute_{'exists' if given else 'not_exists'}({name})"
        if operator == "notContains":
            return f"NOT contains({name}, {value(given)})"
        return f"{'begins_with' if operator == 'beginsWith' else operator}({name}, {value(given)})"

    return {"expression": of(condition), "expressionNames": names, "expressionValues": values}
