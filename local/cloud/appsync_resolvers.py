"""AppSync's resolvers: mapping templates, functions of pipelines that a template makes, code in assets, and data sources with all their operations.

ministack runs JavaScript resolvers, but guesses what a mapping template does, forgets pipeline functions of templates, and knows of DynamoDB four operations
without expressions. Source: AppSync Developer Guide, "Resolver mapping template reference" and the data sources' function references.
"""
from __future__ import annotations

import base64
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from contextvars import ContextVar
from typing import Any

from .appsync_templates import TemplateError, condition_expression, render, to_attribute
from .sampling import sampler
from .segment_sender import send_segment
from .trace_context import current_header, trace_context
from .trace_header import TraceHeader, new_segment_id, new_trace_id
from .tracing_modes import is_graphql_traced
from .wrapping import wrap

Document = dict[str, Any]

_SOURCE_NAMES = {"AMAZON_DYNAMODB": "DynamoDB", "AWS_LAMBDA": "Lambda", "AMAZON_EVENTBRIDGE": "EventBridge", "HTTP": "HTTP"}

_calls: ContextVar[tuple[TraceHeader, list[Document]] | None] = ContextVar("cdk_traced_graphql_calls", default=None)
"""Where the request at hand, if it is traced, keeps the subsegments of what its resolvers call."""


def install() -> None:
    from ministack.services import appsync
    from ministack.services.cloudformation import provisioners

    _wrap_resolvers(appsync)
    _wrap_resources(appsync, provisioners)

    @wrap(appsync, "_execute_graphql", "(api_id, data, request_headers=None, authorize=None)")
    def execute(original: Any, api_id: str, data: Document, request_headers: Any = None, authorize: Any = None) -> Any:
        api = appsync._apis.get(api_id)
        if not api or not is_graphql_traced(api):
            return original(api_id, data, request_headers, authorize)
        header = current_header() or TraceHeader(new_trace_id())
        if header.sampled is None:
            header = TraceHeader(header.trace_id, header.parent_id, sampler.decide(api["arn"]), header.lineage)
        if not header.sampled:
            with trace_context(header):
                return original(api_id, data, request_headers, authorize)
        segment_id, started, calls = new_segment_id(), time.time(), []
        token = _calls.set((header.child_of(segment_id), calls))
        try:
            with trace_context(header.child_of(segment_id)):
                response = original(api_id, data, request_headers, authorize)
        finally:
            _calls.reset(token)
        send_segment(api_segment(api, header, segment_id, started, calls, response))
        return response

    for kind, handler in {**appsync._DATA_SOURCE_HANDLERS, "AMAZON_DYNAMODB": _dynamodb, "AMAZON_EVENTBRIDGE": _event_bridge, "HTTP": _http,
                          "AWS_LAMBDA": _function}.items():
        appsync._DATA_SOURCE_HANDLERS[kind] = _recorded(kind, handler)


def api_segment(api: Document, header: TraceHeader, segment_id: str, started: float, calls: list[Document], response: Any) -> Document:
    """The `AWS::AppSync::GraphQLAPI` segment of one request."""
    status, _headers, body = response
    document: Document = {
        "id": segment_id, "name": api.get("name") or api["apiId"], "start_time": started, "end_time": time.time(), "trace_id": header.trace_id,
        "http": {"request": {"url": f"https://{api['apiId']}.appsync-api.{api['arn'].split(':')[3]}.amazonaws.com/graphql", "method": "POST"},
                 "response": {"status": status, "content_length": len(body or b"")}},
        "aws": {"account_id": api["arn"].split(":")[4], "region": api["arn"].split(":")[3], "resource_names": [api["apiId"]]},
        "origin": "AWS::AppSync::GraphQLAPI", "resource_arn": api["arn"],
    }
    if header.parent_id:
        document["parent_id"] = header.parent_id
    if calls:
        document["subsegments"] = calls
    if status >= 400 or b'"errors"' in (body or b""):
        document["error" if status < 500 else "fault"] = True
    return document


def _recorded(kind: str, handler: Any) -> Any:
    """The handler of a data source, whose calls are subsegments; `NONE` calls nobody."""
    if kind == "NONE":
        return handler

    def call(api_id: str, data_source: Document, request: Any, ctx: Document) -> Any:
        current = _calls.get()
        if current is None:
            return handler(api_id, data_source, request, ctx)
        header, calls = current
        part: Document = {"id": new_segment_id(), "name": _SOURCE_NAMES.get(kind, kind), "start_time": time.time(), "namespace": "aws",
                          "aws": {"operation": str((request or {}).get("operation", "Invoke")) if isinstance(request, dict) else "Invoke"},
                          "metadata": {"AppSync": {"field": ctx["info"]["fieldName"], "dataSource": data_source.get("name")}}}
        table = (data_source.get("dynamodbConfig") or {}).get("tableName")
        function = (data_source.get("lambdaConfig") or {}).get("lambdaFunctionArn")
        if table:
            part["aws"].update(table_name=table, resource_names=[table])
        if function:
            part["aws"].update(function_name=function.split(":function:")[-1], resource_names=[function.split(":function:")[-1]])
        try:
            with trace_context(header.child_of(part["id"])):
                return handler(api_id, data_source, request, ctx)
        except Exception:
            part["fault"] = True
            raise
        finally:
            calls.append({**part, "end_time": time.time()})

    return call


# Resolvers

def _wrap_resolvers(appsync: Any) -> None:
    @wrap(appsync, "_resolve_field", "(api_id, resolver, args, sub_fields, variables, field_name=None, identity=None, request_headers=None, source=None, "
                                     "appended_errors=None, type_name=None)")
    def resolve_field(original: Any, api_id: str, resolver: Document, args: Any, sub_fields: Any, variables: Any, field_name: str | None = None,
                      identity: Any = None, request_headers: Any = None, source: Any = None, appended_errors: Any = None,
                      type_name: str | None = None) -> Any:
        def plain() -> Any:
            return original(api_id, resolver, args, sub_fields, variables, field_name=field_name, identity=identity, request_headers=request_headers,
                            source=source, appended_errors=appended_errors, type_name=type_name)

        if resolver.get("code"):
            return plain()
        kind = resolver.get("kind") or "UNIT"
        data_source = (appsync._data_sources.get(api_id) or {}).get(resolver.get("dataSourceName") or "")
        has_templates = resolver.get("requestMappingTemplate") or resolver.get("responseMappingTemplate")
        if kind != "PIPELINE" and not has_templates:
            if not data_source or data_source.get("type") != "AWS_LAMBDA":
                return plain()
        errors = appended_errors if appended_errors is not None else []
        ctx = appsync._js_ctx(args or {}, identity, source or {}, request_headers or {}, variables or {}, field_name or resolver.get("fieldName", ""),
                              type_name or resolver.get("typeName", "Query"), {}, None, api_env=appsync._api_env(api_id))
        ctx["prev"] = {"result": None}
        try:
            if kind == "PIPELINE":
                return _pipeline(appsync, api_id, resolver, ctx, errors)
            return _unit(appsync, api_id, resolver, data_source, ctx, errors)[1]
        except TemplateError as error:
            raise appsync._AppSyncResolverError(str(error), error.error_type, error.data, error.info) from error


def _pipeline(appsync: Any, api_id: str, resolver: Document, ctx: Document, errors: list[Document]) -> Any:
    ended, value = render(resolver.get("requestMappingTemplate") or "{}", ctx, errors)
    if ended:
        return value
    result = None
    for function_id in (resolver.get("pipelineConfig") or {}).get("functions") or []:
        function = (appsync._functions.get(api_id) or {}).get(function_id)
        if not function:
            raise TemplateError(f"Pipeline function {function_id} not found", "InvalidResolver")
        if function.get("code"):
            status, result = appsync._run_js_stage(
                api_id, function, ctx["arguments"], ctx["identity"], ctx["source"], ctx["request"]["headers"], ctx["info"]["variables"],
                ctx["info"]["fieldName"], ctx["info"]["parentTypeName"], ctx["stash"], result, errors)
            if status == "earlyReturnEnd":
                break
        else:
            data_source = (appsync._data_sources.get(api_id) or {}).get(function.get("dataSourceName") or "")
            ctx["prev"] = {"result": result}
            _ended, result = _unit(appsync, api_id, function, data_source, ctx, errors)
    ctx["prev"], ctx["result"] = {"result": result}, result
    ctx.pop("error", None)
    template = resolver.get("responseMappingTemplate")
    return render(template, ctx, errors)[1] if template else result


def _unit(appsync: Any, api_id: str, unit: Document, data_source: Document | None, ctx: Document, errors: list[Document]) -> tuple[bool, Any]:
    """One resolver, or function of a pipeline: request, data source, response. Whether its request has returned early, and its value."""
    ctx.pop("result", None)
    ctx.pop("error", None)
    template = unit.get("requestMappingTemplate")
    if template:
        ended, request = render(template, ctx, errors)
        if ended:
            return True, request
    else:  # a direct Lambda resolver sends all of the context
        request = {"version": "2018-05-29", "operation": "Invoke", "payload": {key: ctx.get(key) for key in (
            "arguments", "identity", "source", "request", "prev", "info", "stash")}}
    strict = isinstance(request, dict) and request.get("version") == "2017-02-28"
    handler = appsync._DATA_SOURCE_HANDLERS.get((data_source or {}).get("type", "NONE"))
    if handler is None:
        raise TemplateError(f"Data source type {(data_source or {}).get('type')} is not provided here", "NotImplemented")
    try:
        ctx["result"] = handler(api_id, data_source or {}, request, ctx)
    except (appsync._AppSyncResolverError, TemplateError) as error:
        if strict or not unit.get("responseMappingTemplate"):
            raise
        ctx["result"] = getattr(error, "data", None)
        ctx["error"] = {"message": str(error), "type": error.error_type}
    if not unit.get("responseMappingTemplate"):
        return False, ctx["result"]
    if strict and ctx["result"] is None:
        return False, None
    return False, render(unit["responseMappingTemplate"], ctx, errors)[1]


# Data sources

def _function(_api_id: str, data_source: Document, request: Any, ctx: Document) -> Any:
    from ministack.services import appsync

    given = request if isinstance(request, dict) else {}
    if "payload" not in given:
        given = {**given, "payload": {key: ctx.get(key) for key in ("arguments", "identity", "source", "request", "prev", "info", "stash")}}
    if given.get("invocationType") == "Event":
        from ministack.services import lambda_svc

        func, config, _name = lambda_svc._get_func_record_for_ref((data_source.get("lambdaConfig") or {}).get("lambdaFunctionArn", ""))
        if func and config:
            lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(func, config), given["payload"])
        return None
    if given.get("operation") == "BatchInvoke":
        answers = appsync._invoke_lambda_with_event(data_source, [given["payload"]])
        return answers[0] if isinstance(answers, list) and answers else answers
    return appsync._invoke_lambda_with_event(data_source, given["payload"])


def _event_bridge(_api_id: str, data_source: Document, request: Any, _ctx: Document) -> Any:
    from ministack.services import eventbridge

    bus = (data_source.get("eventBridgeConfig") or {}).get("eventBusArn", "default")
    entries = [{
        "EventBusName": bus, "Source": event.get("source", ""), "DetailType": event.get("detailType", ""), "Resources": event.get("resources") or [],
        "Detail": event["detail"] if isinstance(event.get("detail"), str) else json.dumps(event.get("detail") or {}),
    } for event in (request or {}).get("events") or []]
    status, _headers, body = eventbridge._put_events({"Entries": entries})
    answer = json.loads(body)
    if status >= 400:
        raise TemplateError(answer.get("message") or answer.get("Message") or "PutEvents failed", "EventBridge:PutEventsFailed")
    return answer


def _http(_api_id: str, data_source: Document, request: Any, _ctx: Document) -> Any:
    """Asks an address. One of an AWS service is this cloud's, as it is for everything else."""
    config = data_source.get("httpConfig") or {}
    given = request if isinstance(request, dict) else {}
    params = given.get("params") or {}
    endpoint = urllib.parse.urlsplit(config.get("endpoint") or "")
    headers = {str(key): str(value) for key, value in (params.get("headers") or {}).items()}
    base = f"{endpoint.scheme}://{endpoint.netloc}"
    if (endpoint.hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
        from ministack.core.responses import get_account_id, get_region

        base = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"
        iam = (config.get("authorizationConfig") or {}).get("awsIamConfig") or {}
        service = iam.get("signingServiceName") or (endpoint.hostname or "").split(".")[0].removeprefix("sync-")
        headers["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={get_account_id()}/20200101/{iam.get('signingRegion') or get_region()}/{service}"
                                    "/aws4_request, SignedHeaders=host, Signature=0")
    header = current_header()
    if header:
        headers.setdefault("X-Amzn-Trace-Id", str(header))
    query = urllib.parse.urlencode(params.get("query") or {}, doseq=True)
    url = f"{base}{endpoint.path.rstrip('/')}{given.get('resourcePath', '/')}{'?' + query if query else ''}"
    body = params.get("body")
    data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data, method=given.get("method", "POST"), headers=headers), timeout=29) as answer:
            return {"statusCode": answer.status, "headers": dict(answer.headers.items()), "body": answer.read().decode("utf-8", "replace")}
    except urllib.error.HTTPError as error:  # a status is a result that the resolver looks at
        return {"statusCode": error.code, "headers": dict(error.headers.items()), "body": error.read().decode("utf-8", "replace")}
    except OSError as error:
        raise TemplateError(f"{url} does not answer: {error}", "HttpDataSourceError") from error


def _dynamodb(_api_id: str, data_source: Document, request: Any, _ctx: Document) -> Any:
    from ministack.core.responses import get_region, set_request_region

    config = data_source.get("dynamodbConfig") or {}
    region = get_region()
    set_request_region(config.get("awsRegion") or region)
    try:
        return _Table(config.get("tableName", ""), request if isinstance(request, dict) else {}).run()
    finally:
        set_request_region(region)


class _Table:
    """The operations of AppSync's DynamoDB resolvers."""

    def __init__(self, name: str, request: Document) -> None:
        self._name = name
        self._request = request

    def run(self) -> Any:
        operation = str(self._request.get("operation", "GetItem"))
        method = getattr(self, f"_{operation}", None)
        if method is None:
            raise TemplateError(f"DynamoDB operation {operation} is not supported", "NotImplemented")
        return method()

    def _call(self, action: str, data: Document) -> Document:
        from ministack.services import dynamodb

        names = {"GetItem": "_get_item", "PutItem": "_put_item", "UpdateItem": "_update_item", "DeleteItem": "_delete_item", "Query": "_query", "Scan": "_scan",
                 "BatchGetItem": "_batch_get_item", "BatchWriteItem": "_batch_write_item", "TransactGetItems": "_transact_get_items",
                 "TransactWriteItems": "_transact_write_items"}
        status, _headers, body = getattr(dynamodb, names[action])(data)
        answer: Document = json.loads(body)
        if status >= 400:
            kind = str(answer.get("__type", "")).rsplit("#", 1)[-1]
            raise TemplateError(answer.get("message") or answer.get("Message") or kind, f"DynamoDB:{kind}", answer.get("Item"))
        return answer

    def _GetItem(self) -> Any:
        answer = self._call("GetItem", {"TableName": self._name, "Key": _attributes(self._request.get("key")),
                                        "ConsistentRead": bool(self._request.get("consistentRead")), **_expressions(projection=self._request.get("projection"))})
        return _plain(answer["Item"]) if "Item" in answer else None

    def _PutItem(self) -> Any:
        item = {**_attributes(self._request.get("attributeValues")), **_attributes(self._request.get("key"))}
        self._call("PutItem", {"TableName": self._name, "Item": item, **_expressions(condition=self._request.get("condition"))})
        return _plain(item)

    def _UpdateItem(self) -> Any:
        answer = self._call("UpdateItem", {"TableName": self._name, "Key": _attributes(self._request.get("key")), "ReturnValues": "ALL_NEW",
                                           **_expressions(update=self._request.get("update"), condition=self._request.get("condition"))})
        return _plain(answer.get("Attributes") or {})

    def _DeleteItem(self) -> Any:
        answer = self._call("DeleteItem", {"TableName": self._name, "Key": _attributes(self._request.get("key")), "ReturnValues": "ALL_OLD",
                                           **_expressions(condition=self._request.get("condition"))})
        return _plain(answer["Attributes"]) if answer.get("Attributes") else None

    def _Query(self) -> Any:
        return self._page("Query", {"ScanIndexForward": self._request.get("scanIndexForward", True) is not False},
                          key=self._request.get("query"), filters=self._request.get("filter"), projection=self._request.get("projection"))

    def _Scan(self) -> Any:
        segments = {"Segment": self._request["segment"], "TotalSegments": self._request["totalSegments"]} if "totalSegments" in self._request else {}
        return self._page("Scan", segments, filters=self._request.get("filter"), projection=self._request.get("projection"))

    def _page(self, action: str, data: Document, **expressions: Any) -> Document:
        request = self._request
        data = {"TableName": self._name, "ConsistentRead": bool(request.get("consistentRead")), **data, **_expressions(**expressions)}
        for name, own in (("IndexName", "index"), ("Limit", "limit"), ("Select", "select")):
            if request.get(own) is not None:
                data[name] = request[own]
        if request.get("nextToken"):
            data["ExclusiveStartKey"] = json.loads(base64.urlsafe_b64decode(request["nextToken"]))
        answer = self._call(action, data)
        last = answer.get("LastEvaluatedKey")
        return {"items": [_plain(item) for item in answer.get("Items") or []], "scannedCount": answer.get("ScannedCount", 0),
                "nextToken": base64.urlsafe_b64encode(json.dumps(last).encode()).decode() if last else None}

    def _BatchGetItem(self) -> Any:
        tables = {name: [_attributes(key) for key in (of.get("keys") if isinstance(of, dict) else of) or []] for name, of in self._request["tables"].items()}
        found = self._call("BatchGetItem", {"RequestItems": {name: {"Keys": keys} for name, keys in tables.items()}}).get("Responses") or {}
        # In the order of the keys, with nothing for those that are not there.
        return {"data": {name: [next((_plain(item) for item in found.get(name) or [] if all(item.get(field) == value for field, value in key.items())), None)
                                for key in keys] for name, keys in tables.items()}, "unprocessedKeys": {name: [] for name in tables}}

    def _BatchPutItem(self) -> Any:
        return self._write({name: [("PutRequest", "Item", item) for item in items] for name, items in self._request["tables"].items()}, "unprocessedItems")

    def _BatchDeleteItem(self) -> Any:
        return self._write({name: [("DeleteRequest", "Key", key) for key in keys] for name, keys in self._request["tables"].items()}, "unprocessedKeys")

    def _write(self, tables: dict[str, list[tuple[str, str, Document]]], unprocessed: str) -> Document:
        self._call("BatchWriteItem", {"RequestItems": {name: [{kind: {key: _attributes(item)}} for kind, key, item in items] for name, items in tables.items()}})
        return {"data": {name: [_plain(_attributes(item)) for _kind, _key, item in items] for name, items in tables.items()},
                unprocessed: {name: [] for name in tables}}

    def _TransactGetItems(self) -> Any:
        items = [{"Get": {"TableName": each["table"], "Key": _attributes(each["key"]), **_expressions(projection=each.get("projection"))}}
                 for each in self._request["transactItems"]]
        answer = self._call("TransactGetItems", {"TransactItems": items})
        return {"items": [_plain(each["Item"]) if each.get("Item") else None for each in answer.get("Responses") or []], "cancellationReasons": None}

    def _TransactWriteItems(self) -> Any:
        items, keys = [], []
        for each in self._request["transactItems"]:
            key, operation = _attributes(each.get("key")), each["operation"]
            data: Document = {"TableName": each["table"], **_expressions(update=each.get("update"), condition=each.get("condition"))}
            if operation == "PutItem":
                data["Item"] = {**_attributes(each.get("attributeValues")), **key}
            else:
                data["Key"] = key
            items.append({operation.removesuffix("Item"): data})
            keys.append(_plain(key))
        self._call("TransactWriteItems", {"TransactItems": items})
        return {"keys": keys, "cancellationReasons": None}


def _expressions(key: Any = None, filters: Any = None, condition: Any = None, update: Any = None, projection: Any = None) -> Document:
    """The expressions of a request with their names and values, as DynamoDB takes them."""
    data: Document = {}
    names: Document = {}
    values: Document = {}
    for given, name in ((key, "KeyConditionExpression"), (filters, "FilterExpression"), (condition, "ConditionExpression"), (update, "UpdateExpression"),
                        (projection, "ProjectionExpression")):
        if not isinstance(given, dict) or not given:
            continue
        if "expression" not in given:  # as the helpers of JavaScript resolvers write it
            given = condition_expression(given)
        data[name] = given["expression"]
        names.update(given.get("expressionNames") or {})
        values.update(_attributes(given.get("expressionValues")))
    if names:
        data["ExpressionAttributeNames"] = names
    if values:
        data["ExpressionAttributeValues"] = values
    return data


_TAGS = {"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"}


def _is_attribute(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _TAGS


def _attributes(values: Any) -> Document:
    """Attributes that a template has typed, or that code has written as they are."""
    return {key: _with_text_numbers(value) if _is_attribute(value) else to_attribute(value) for key, value in (values or {}).items()}


def _with_text_numbers(value: Document) -> Document:
    """A template may write a number as a number; DynamoDB has it as a text."""
    (tag, inner), = value.items()
    if tag == "N":
        return {"N": inner if isinstance(inner, str) else json.dumps(inner)}
    if tag == "NS":
        return {"NS": [each if isinstance(each, str) else json.dumps(each) for each in inner]}
    if tag == "M" and isinstance(inner, dict):
        return {"M": _attributes(inner)}
    if tag == "L" and isinstance(inner, list):
        return {"L": [_with_text_numbers(each) if _is_attribute(each) else to_attribute(each) for each in inner]}
    return value


def _plain(item: Document) -> Any:
    from ministack.services import appsync

    return {key: appsync._ddb_plain(value) for key, value in item.items()}


# Resources of templates

def _wrap_resources(appsync: Any, provisioners: Any) -> None:
    def code_of(props: Document) -> Document:
        """The properties, with what lies in a bucket."""
        found = dict(props)
        for place, name in (("CodeS3Location", "Code"), ("RequestMappingTemplateS3Location", "RequestMappingTemplate"),
                            ("ResponseMappingTemplateS3Location", "ResponseMappingTemplate")):
            if props.get(place) and not props.get(name):
                found[name] = _object_text(props[place])
        return found

    def body_of(props: Document) -> Document:
        members = ("Name", "DataSourceName", "Description", "RequestMappingTemplate", "ResponseMappingTemplate", "FunctionVersion", "Code", "Runtime",
                   "MaxBatchSize")
        return {name[:1].lower() + name[1:]: provisioners._pascal_to_camel(props[name]) for name in members if props.get(name) not in (None, "")}

    @wrap(provisioners, "_appsync_function_create", "(logical_id, props, stack_name)")
    def create_function(_original: Any, logical_id: str, props: Document, stack_name: str) -> Any:
        status, _headers, body = appsync._create_function(props.get("ApiId", ""), body_of(code_of(props)))
        if status >= 400:
            raise ValueError(f"AWS::AppSync::FunctionConfiguration create failed: {body!r}")
        function = json.loads(body)["functionConfiguration"]
        attributes = provisioners._appsync_function_attributes(props.get("ApiId", ""), function["functionId"], props)
        return attributes["FunctionArn"], attributes

    @wrap(provisioners, "_appsync_function_update", "(physical_id, old_props, new_props, stack_name)")
    def update_function(_original: Any, physical_id: str, old_props: Document, new_props: Document, stack_name: str) -> Any:
        if new_props.get("ApiId") != old_props.get("ApiId"):
            return create_function(physical_id, new_props, stack_name)
        api_id, function_id = new_props.get("ApiId", ""), physical_id.rsplit("/", 1)[-1]
        status, _headers, body = appsync._update_function(api_id, function_id, body_of(code_of(new_props)))
        if status >= 400:
            raise ValueError(f"AWS::AppSync::FunctionConfiguration update failed: {body!r}")
        return physical_id, provisioners._appsync_function_attributes(api_id, function_id, new_props)

    @wrap(provisioners, "_appsync_function_delete", "(physical_id, props)")
    def delete_function(_original: Any, physical_id: str, props: Document) -> None:
        (appsync._functions.get(props.get("ApiId", "")) or {}).pop(physical_id.rsplit("/", 1)[-1], None)

    @wrap(provisioners, "_appsync_resolver_create", "(logical_id, props, stack_name)")
    def create_resolver(original: Any, logical_id: str, props: Document, stack_name: str) -> Any:
        return original(logical_id, code_of(props), stack_name)

    handlers = provisioners._RESOURCE_HANDLERS
    handlers["AWS::AppSync::FunctionConfiguration"].update(create=create_function, update=update_function, delete=delete_function)
    handlers["AWS::AppSync::Resolver"].update(create=create_resolver)


def _object_text(location: str) -> str:
    from ministack.services import s3

    bucket, _, key = location.removeprefix("s3://").partition("/")
    status, _headers, body = s3._get_object(bucket, key, {}, {})
    if status != 200:
        raise ValueError(f"{location} cannot be read")
    return body.decode("utf-8") if isinstance(body, (bytes, bytearray)) else str(body)
