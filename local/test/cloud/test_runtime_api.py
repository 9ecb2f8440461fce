"""Lambda's Runtime API and Extensions API, by plain requests."""
import base64
import http.client
import json
import threading
import time
import unittest

from cloud.runtime_api import RESPONSE_LIMIT, Failure, FunctionFacts, Request, Response, RuntimeApi

RUNTIME = "/2018-06-01/runtime"
EXTENSION = "/2020-01-01/extension"


class RuntimeApiTest(unittest.TestCase):
    def setUp(self):
        self.api = RuntimeApi(FunctionFacts("fn", "$LATEST", "index.handler", "000000000000"))
        self.addCleanup(self.api.close)
        self.api.start()

    def call(self, method, path, body=None, headers=None, chunked=False):
        connection = http.client.HTTPConnection(self.api.address)
        self.addCleanup(connection.close)
        connection.request(method, path, body, headers or {}, encode_chunked=chunked)
        response = connection.getresponse()
        return response.status, response.headers, response.read()

    def handed_out(self, request_id="r1"):
        request = Request(request_id, b'{"a":1}', time.time() + 5, "Root=1-2-3", "arn")
        self.api.hand_out(request)
        return request, self.call("GET", f"{RUNTIME}/invocation/next")

    def test_hands_out_an_event_with_all_that_belongs_to_it(self):
        request, (status, headers, body) = self.handed_out()
        self.assertEqual((status, body), (200, b'{"a":1}'))
        self.assertEqual(headers["Lambda-Runtime-Aws-Request-Id"], "r1")
        self.assertEqual(headers["Lambda-Runtime-Trace-Id"], "Root=1-2-3")
        self.assertEqual(headers["Lambda-Runtime-Invoked-Function-Arn"], "arn")
        self.assertEqual(headers["Lambda-Runtime-Deadline-Ms"], str(int(request.deadline * 1000)))

    def test_takes_one_answer_and_only_for_the_event_that_is_out(self):
        request, _next = self.handed_out()
        self.assertEqual(self.call("POST", f"{RUNTIME}/invocation/other/response", b"1")[0], 400)
        self.assertEqual(self.call("POST", f"{RUNTIME}/invocation/r1/response", b"1")[0], 202)
        self.assertEqual(self.call("POST", f"{RUNTIME}/invocation/r1/response", b"2")[0], 400)
        self.assertEqual(request.outcome, Response(b"1"))

    def test_refuses_an_answer_that_comes_too_late(self):
        request, _next = self.handed_out()
        self.api.withdraw()
        self.assertEqual(self.call("POST", f"{RUNTIME}/invocation/r1/response", b"1")[0], 400)
        self.assertIsNone(request.outcome)

    def test_takes_an_error_with_x_rays_cause(self):
        request, _next = self.handed_out()
        self.call("POST", f"{RUNTIME}/invocation/r1/error", json.dumps({"errorType": "E", "errorMessage": "m"}),
                  {"Lambda-Runtime-Function-XRay-Error-Cause": '{"exceptions":[{"type":"E"}]}'})
        self.assertEqual(request.outcome, Failure("E", {"errorType": "E", "errorMessage": "m"}, {"exceptions": [{"type": "E"}]}))

    def test_refuses_a_response_that_is_too_large(self):
        request, _next = self.handed_out()
        self.assertEqual(self.call("POST", f"{RUNTIME}/invocation/r1/response", b"x" * (RESPONSE_LIMIT + 1))[0], 413)
        self.assertEqual(request.outcome.type, "Function.ResponseSizeTooLarge")

    def test_takes_a_stream_and_one_that_breaks_off(self):
        streaming = {"Lambda-Runtime-Function-Response-Mode": "streaming", "Transfer-Encoding": "chunked"}
        request, _next = self.handed_out()
        self.assertEqual(self.call("POST", f"{RUNTIME}/invocation/r1/response", iter([b"a", b"b"]), streaming, chunked=True)[0], 202)
        self.assertEqual(request.outcome, Response(b"ab", streamed=True))
        request, _next = self.handed_out("r2")
        error = base64.b64encode(b'{"errorType":"E","errorMessage":"m"}').decode()
        connection = http.client.HTTPConnection(self.api.address)
        self.addCleanup(connection.close)
        connection.connect()
        connection.sock.sendall((f"POST {RUNTIME}/invocation/r2/response HTTP/1.1\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nLambda-Runtime-Function-Error-Type: E\r\n"
                                 f"Lambda-Runtime-Function-Error-Body: {error}\r\n\r\n").encode())
        self.assertTrue(connection.sock.recv(100).startswith(b"HTTP/1.1 202"))
        self.assertEqual(request.outcome, Failure("E", {"errorType": "E", "errorMessage": "m"}))

    def test_tells_extensions_of_events_and_of_the_end(self):
        self.api.external_names = {"observer"}
        status, headers, body = self.call("POST", f"{EXTENSION}/register", '{"events":["INVOKE","SHUTDOWN"]}', {"Lambda-Extension-Name": "observer"})
        self.assertEqual((status, json.loads(body)), (200, {"functionName": "fn", "functionVersion": "$LATEST", "handler": "index.handler"}))
        known = {"Lambda-Extension-Identifier": headers["Lambda-Extension-Identifier"]}
        self.handed_out()
        event = json.loads(self.call("GET", f"{EXTENSION}/event/next", headers=known)[2])
        self.assertEqual((event["eventType"], event["requestId"], event["tracing"]["value"]), ("INVOKE", "r1", "Root=1-2-3"))
        self.assertTrue(self.api.shut_down("spindown", 2))
        event = json.loads(self.call("GET", f"{EXTENSION}/event/next", headers=known)[2])
        self.assertEqual((event["eventType"], event["shutdownReason"]), ("SHUTDOWN", "spindown"))

    def test_refuses_extensions_that_lambda_refuses(self):
        register = f"{EXTENSION}/register"
        self.assertEqual(self.call("POST", register, "{}", {})[0], 400)
        self.assertEqual(self.call("POST", register, '{"events":["SHUTDOWN"]}', {"Lambda-Extension-Name": "within-the-runtime"})[0], 400)
        self.assertEqual(self.call("GET", f"{EXTENSION}/event/next", headers={"Lambda-Extension-Identifier": "unknown"})[0], 403)

    def test_an_end_wakes_whoever_waits(self):
        def wait():
            try:
                self.call("GET", f"{RUNTIME}/invocation/next")
            except OSError:
                pass  # the connection may be closed before the answer

        waiting = threading.Thread(target=wait)
        waiting.start()
        with self.api.changed:
            while not self.api.runtime_waiting:
                self.api.changed.wait()
        self.api.close()
        waiting.join(10)
        self.assertFalse(waiting.is_alive())


if __name__ == "__main__":
    unittest.main()
