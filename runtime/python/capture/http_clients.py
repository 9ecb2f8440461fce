"""
Records HTTP calls: those with http.client, and so with urllib; with urllib3, and so with requests; with httpx; and with aiohttp.
A trace header that the request has already is left as it is.
"""

import functools
import os
from contextvars import ContextVar

from .guard import guarded, leave_out_frame
from .invocation import begin_span, running
from .redaction import url_path
from .span import ERROR
from .suppression import is_recorded_already, outer_call, reset

_HEADER = "x-amzn-trace-id"

# What http.client is given there is recorded already.
_within_urllib3 = ContextVar("cdk_traced_function_urllib3", default=False)


class _Call:
    """One request, from its first byte to the headers of its answer."""

    __slots__ = ("_span", "headers", "span_id")

    def __init__(self, invocation, span, method, url, host):
        self._span = span
        if span is None:
            self.headers = invocation.headers()
            self.span_id = ""
            return
        span.remote = host
        span.attributes = {"http.method": method, "http.url": url}
        self.headers = span.invocation.headers(span.span_id)
        self.span_id = span.span_id

    @guarded
    def end(self, status, headers):
        if self._span is None:
            return
        length = (headers.get("content-length") or "") if headers is not None else ""
        self._span.attributes["http.status_code"] = status
        if length.isdecimal():
            self._span.attributes["http.response_content_length"] = int(length)
        if status >= 400:
            self._span.status = (ERROR, None)
        self._span.end()

    @guarded
    def fail(self, error):
        if self._span is not None:
            self._span.fail(error)


@guarded
def _begin(invocation, method, scheme, host, port, path, given):
    """
    :param given: headers of the request, names in lower case
    :return: None when somebody else records it
    """
    outer = outer_call.get()
    header = given.get(_HEADER)
    if header is not None:
        header = _text(header)
        # That of the call which this request is part of; or Lambda's own, which botocore adds to a call that is not to be recorded.
        if (outer and f"Parent={outer}" in header) or header == os.environ.get("_X_AMZN_TRACE_ID"):
            return None
    if is_recorded_already("http"):
        return None
    span = begin_span(invocation, _text(method).upper())
    if span is None and header is not None:
        return None
    host = _text(host)
    name = f"[{host}]" if ":" in host else host
    address = f"{scheme}://{name}{'' if port in (None, 80 if scheme == 'http' else 443) else f':{port}'}"
    path = url_path(_text(path))
    call = _Call(invocation, span, _text(method).upper(), path if "://" in path[:8] else address + path, host)
    call.headers = {} if header is not None else {name: value for name, value in call.headers.items() if name.lower() not in given}
    return call


def _fail(call, error):
    if call is not None:
        call.fail(error)


def _text(value):
    return value.decode("latin-1") if isinstance(value, (bytes, bytearray)) else str(value)


@guarded
def _lower(headers):
    """Names in lower case, with what they have."""
    if not headers:
        return {}
    return {_text(name).lower(): value for name, value in (headers.items() if hasattr(headers, "items") else headers)}


def capture_http_client(module):
    """:param module: `http.client`"""
    connection = module.HTTPConnection
    putrequest, putheader = connection.putrequest, connection.putheader
    endheaders, getresponse = connection.endheaders, connection.getresponse

    @functools.wraps(putrequest)
    def traced_putrequest(self, method, url, *args, **kwargs):
        # What is known of the request so far: method, path, its headers.
        self._cdk_traced_function = (method, url, {})
        try:
            return putrequest(self, method, url, *args, **kwargs)
        except BaseException as error:
            leave_out_frame(error)
            raise

    @functools.wraps(putheader)
    def traced_putheader(self, header, *values):
        _note_header(self, header, values)
        try:
            return putheader(self, header, *values)
        except BaseException as error:
            leave_out_frame(error)
            raise

    @guarded
    def _note_header(self, header, values):
        begun = getattr(self, "_cdk_traced_function", None)
        if isinstance(begun, tuple):
            begun[2][_text(header).lower()] = values[0] if values else ""

    @guarded
    def _begin_on(self, invocation, begun):
        method, path, given = begun
        if _within_urllib3.get() or f"{self.host}:{self.port}" == os.environ.get("AWS_LAMBDA_RUNTIME_API"):
            return None
        scheme = "https" if isinstance(self, getattr(module, "HTTPSConnection", ())) else "http"
        host, port = (self._tunnel_host, self._tunnel_port) if getattr(self, "_tunnel_host", None) else (self.host, self.port)
        call = _begin(invocation, method, scheme, host, port, path, given)
        for name, value in call.headers.items() if call is not None else ():
            putheader(self, name, value)
        return call

    @functools.wraps(endheaders)
    def traced_endheaders(self, *args, **kwargs):
        begun, self._cdk_traced_function = getattr(self, "_cdk_traced_function", None), None
        invocation = running() if isinstance(begun, tuple) else None
        call = _begin_on(self, invocation, begun) if invocation is not None else None
        try:
            result = endheaders(self, *args, **kwargs)
        except BaseException as error:
            _fail(call, error)
            leave_out_frame(error)
            raise
        self._cdk_traced_function = call
        return result

    @functools.wraps(getresponse)
    def traced_getresponse(self, *args, **kwargs):
        call = getattr(self, "_cdk_traced_function", None)
        if not isinstance(call, _Call):
            call = None
        else:
            self._cdk_traced_function = None
        try:
            response = getresponse(self, *args, **kwargs)
        except BaseException as error:
            _fail(call, error)
            leave_out_frame(error)
            raise
        if call is not None:
            call.end(response.status, response.headers)
        return response

    connection.putrequest, connection.putheader = traced_putrequest, traced_putheader
    connection.endheaders, connection.getresponse = traced_endheaders, traced_getresponse


def capture_urllib3(module):
    """
    An attempt together with making its connection, which http.client knows nothing of.

    :param module: `urllib3.connectionpool`
    """
    pool = module.HTTPConnectionPool
    make_request = pool._make_request

    @guarded
    def begin(self, invocation, method, url, headers):
        call = _begin(invocation, method, self.scheme, self.host, self.port, url, _lower(headers))
        if call is None:
            return None
        merged = headers.copy() if hasattr(headers, "copy") else dict(headers or {})
        for name, value in call.headers.items():
            merged[name] = value
        return call, merged

    @functools.wraps(make_request)
    def traced_request(self, conn, method, url, *args, **kwargs):
        invocation = None if args else running()
        begun = begin(self, invocation, method, url, kwargs.get("headers")) if invocation is not None else None
        call, token = None, None
        if begun is not None:
            call, kwargs["headers"] = begun
            token = _within_urllib3.set(True)
        try:
            response = make_request(self, conn, method, url, *args, **kwargs)
        except BaseException as error:
            _fail(call, error)
            leave_out_frame(error)
            raise
        finally:
            if token is not None:
                reset(_within_urllib3, token)
        if call is not None:
            call.end(response.status, getattr(response, "headers", None))
        return response

    pool._make_request = traced_request


def capture_httpx(module):
    """:param module: `httpx`"""
    handle, handle_async = module.HTTPTransport.handle_request, module.AsyncHTTPTransport.handle_async_request

    @guarded
    def begin(invocation, request):
        url = request.url
        call = _begin(invocation, request.method, url.scheme, url.host, url.port, url.path, request.headers)
        for name, value in call.headers.items() if call is not None else ():
            request.headers[name] = value
        return call

    @functools.wraps(handle)
    def traced(self, request):
        invocation = running()
        call = begin(invocation, request) if invocation is not None else None
        try:
            response = handle(self, request)
        except BaseException as error:
            _fail(call, error)
            leave_out_frame(error)
            raise
        if call is not None:
            call.end(response.status_code, response.headers)
        return response

    @functools.wraps(handle_async)
    async def traced_async(self, request):
        invocation = running()
        call = begin(invocation, request) if invocation is not None else None
        try:
            response = await handle_async(self, request)
        except BaseException as error:
            _fail(call, error)
            leave_out_frame(error)
            raise
        if call is not None:
            call.end(response.status_code, response.headers)
        return response

    module.HTTPTransport.handle_request, module.AsyncHTTPTransport.handle_async_request = traced, traced_async


def capture_aiohttp(module):
    """
    A request with the ones that it is redirected to.

    :param module: `aiohttp.client`
    """
    from multidict import CIMultiDict

    session = module.ClientSession
    request = session._request

    @guarded
    def begin(self, invocation, method, url, headers):
        given = CIMultiDict(headers or {})
        url = self._build_url(url) if hasattr(self, "_build_url") else module.URL(url)
        known = {**(_lower(self._default_headers) or {}), **(_lower(given) or {})}
        call = _begin(invocation, method, url.scheme, url.host or "", url.explicit_port if hasattr(url, "explicit_port") else url.port, url.raw_path, known)
        if call is None:
            return None
        for name, value in call.headers.items():
            given[name] = value
        return call, given

    @functools.wraps(request)
    async def traced_request(self, method, str_or_url, **kwargs):
        invocation = running()
        begun = begin(self, invocation, method, str_or_url, kwargs.get("headers")) if invocation is not None else None
        call = None
        if begun is not None:
            call, kwargs["headers"] = begun
        try:
            response = await request(self, method, str_or_url, **kwargs)
        except BaseException as error:
            _fail(call, error)
            leave_out_frame(error)
            raise
        if call is not None:
            call.end(response.status, response.headers)
        return response

    session._request = traced_request
