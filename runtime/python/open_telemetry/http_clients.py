"""
Records HTTP calls: those with http.client, and so with urllib; with urllib3, and so with requests; and with httpx.
A request that has X-Ray's header already has been recorded by whoever has set it, such as the capture of an AWS client.
"""

import os

from .invocation import running
from .span import ERROR

_HEADER = "x-amzn-trace-id"


class _Call:
    """One request, from its first byte to the headers of its answer."""

    def __init__(self, invocation, method, url):
        self._span = invocation.begin(method) if invocation.is_sampled else None
        if self._span is None:
            self.headers = invocation.headers()
            return
        self._span.attributes = {"http.method": method, "http.url": url}
        self.headers = self._span.invocation.headers(self._span.span_id)

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

    def fail(self, error):
        if self._span is not None:
            self._span.fail(error)


def _begin(method, url):
    invocation = running()
    return invocation and _Call(invocation, _text(method).upper(), url)


def _text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _url(scheme, host, port, path):
    path = _text(path).partition("?")[0].partition("#")[0]
    if "://" in path[:8]:  # to a proxy
        return path
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}{'' if port in (None, 80 if scheme == 'http' else 443) else f':{port}'}{path}"


def capture_http_client(module):
    """:param module: `http.client`"""
    connection = module.HTTPConnection
    putrequest, putheader = connection.putrequest, connection.putheader
    endheaders, getresponse = connection.endheaders, connection.getresponse

    def traced_putrequest(self, method, url, *args, **kwargs):
        # What is known of the request so far: method, path, names of its headers.
        self._cdk_traced_function = (method, url, set())
        return putrequest(self, method, url, *args, **kwargs)

    def traced_putheader(self, header, *values):
        begun = getattr(self, "_cdk_traced_function", None)
        if isinstance(begun, tuple):
            begun[2].add(_text(header).lower())
        return putheader(self, header, *values)

    def traced_endheaders(self, *args, **kwargs):
        begun, self._cdk_traced_function = getattr(self, "_cdk_traced_function", None), None
        if not isinstance(begun, tuple) or _HEADER in begun[2] or f"{self.host}:{self.port}" == os.environ.get("AWS_LAMBDA_RUNTIME_API"):
            return endheaders(self, *args, **kwargs)
        method, path, names = begun
        scheme = "https" if isinstance(self, getattr(module, "HTTPSConnection", ())) else "http"
        host, port = (self._tunnel_host, self._tunnel_port) if getattr(self, "_tunnel_host", None) else (self.host, self.port)
        call = _begin(method, _url(scheme, host, port, path))
        if call is None:
            return endheaders(self, *args, **kwargs)
        for name, value in call.headers.items():
            if name.lower() not in names:
                putheader(self, name, value)
        try:
            result = endheaders(self, *args, **kwargs)
        except BaseException as error:
            call.fail(error)
            raise
        self._cdk_traced_function = call
        return result

    def traced_getresponse(self, *args, **kwargs):
        call = getattr(self, "_cdk_traced_function", None)
        if not isinstance(call, _Call):
            return getresponse(self, *args, **kwargs)
        self._cdk_traced_function = None
        try:
            response = getresponse(self, *args, **kwargs)
        except BaseException as error:
            call.fail(error)
            raise
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

    def traced_request(self, conn, method, url, *args, **kwargs):
        headers = kwargs.get("headers")
        if args or any(_text(name).lower() == _HEADER for name in headers or ()):
            return make_request(self, conn, method, url, *args, **kwargs)
        call = _begin(method, _url(self.scheme, self.host, self.port, url))
        if call is None:
            return make_request(self, conn, method, url, *args, **kwargs)
        merged = headers.copy() if hasattr(headers, "copy") else dict(headers or {})
        given = {_text(name).lower() for name in merged}
        for name, value in call.headers.items():
            if name.lower() not in given:
                merged[name] = value
        try:
            response = make_request(self, conn, method, url, **{**kwargs, "headers": merged})
        except BaseException as error:
            call.fail(error)
            raise
        call.end(response.status, response.headers)
        return response

    pool._make_request = traced_request


def capture_httpx(module):
    """:param module: `httpx`"""
    handle, handle_async = module.HTTPTransport.handle_request, module.AsyncHTTPTransport.handle_async_request

    def begin(request):
        if _HEADER in request.headers:
            return None
        url = request.url
        call = _begin(request.method, _url(url.scheme, url.host, url.port, url.path))
        for name, value in call.headers.items() if call else ():
            request.headers.setdefault(name, value)
        return call

    def traced(self, request):
        call = begin(request)
        if call is None:
            return handle(self, request)
        try:
            response = handle(self, request)
        except BaseException as error:
            call.fail(error)
            raise
        call.end(response.status_code, response.headers)
        return response

    async def traced_async(self, request):
        call = begin(request)
        if call is None:
            return await handle_async(self, request)
        try:
            response = await handle_async(self, request)
        except BaseException as error:
            call.fail(error)
            raise
        call.end(response.status_code, response.headers)
        return response

    module.HTTPTransport.handle_request, module.AsyncHTTPTransport.handle_async_request = traced, traced_async
