"""Stands in for the native module of AWS's runtime interface client, which would have to be compiled for each Python: the same functions.

It speaks HTTP over a plain socket: the function's process must not start slower, nor with more modules loaded, because of it.
"""
import os
import socket
import sys
import time

_PATH = "/2018-06-01/runtime/invocation/"
_idle = []  # connections by process: a fork must not share its parent's


def initialize_client(user_agent):
    """The native module names the client to the Runtime API; the local one asks nobody."""


def next():  # noqa: A001 - the native module's name
    status, headers, body = _call("GET", _PATH + "next", b"", {})
    if status != 200:
        raise RuntimeError("Failed to get next, error %d" % status)
    headers["Lambda-Runtime-Deadline-Ms"] = int(headers["Lambda-Runtime-Deadline-Ms"])
    return body, headers


def post_invocation_result(invoke_id, data, content_type, invocation_id=None):
    status, _headers, _body = _call("POST", _PATH + invoke_id + "/response", data, {"Content-Type": content_type})
    if not 200 <= status < 300:
        # As the native module writes it.
        sys.stdout.write("[ERROR] [%d] LAMBDA_RUNTIME Failed to post handler success response. Http response code: %d.\n" % (time.time() * 1000, status))


def post_error(invoke_id, error, xray_cause, invocation_id=None):
    headers = {"Content-Type": "application/json", "Lambda-Runtime-Function-Error-Type": "Unhandled"}
    if xray_cause:
        headers["Lambda-Runtime-Function-XRay-Error-Cause"] = "".join(c if " " <= c <= "~" else "\\u%04x" % ord(c) for c in xray_cause)
    _call("POST", _PATH + invoke_id + "/error", error.encode("utf-8"), headers)


def _call(method, path, body, headers):
    stream = _stream()
    head = ["%s %s HTTP/1.1" % (method, path), "Host: localhost", "Content-Length: %d" % len(body)]
    head += ["%s: %s" % item for item in headers.items()]
    stream.write(("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + body)
    stream.flush()
    first = stream.readline()
    if not first:
        raise RuntimeError("No Response from endpoint")
    found = {}
    while True:
        line = stream.readline().strip()
        if not line:
            break
        name, _, value = line.partition(b":")
        # The client asks for these names.
        found["-".join(part.capitalize() for part in name.decode("latin-1").split("-"))] = value.strip().decode("latin-1")
    answer = int(first.split()[1]), found, stream.read(int(found.get("Content-Length", 0)))
    _idle.append((os.getpid(), stream))
    return answer


def _stream():
    """A connection that no other thread uses: from Python 3.12 on the client asks for each event from a thread of its own."""
    while _idle:
        owner, stream = _idle.pop()
        if owner == os.getpid():
            return stream
    host, _, port = os.environ["AWS_LAMBDA_RUNTIME_API"].rpartition(":")
    connection = socket.socket()  # `create_connection` loads what it takes to write host names of other scripts
    connection.connect((host, int(port)))
    return connection.makefile("rwb")
