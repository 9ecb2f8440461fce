"""Run with `python3 -m unittest` (or pytest) in this folder, with boto3 and jsonpickle installed."""

import contextlib
import importlib
import io
import json
import os
import sys
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from unittest import mock

from invocation_facts import InvocationFacts, invocation_facts

CONTEXT = SimpleNamespace(function_name="f", function_version="7", aws_request_id="r-1", get_remaining_time_in_millis=lambda: 900)
SETTINGS = {"AccountLimit": {"ConcurrentExecutions": 1000}, "AccountUsage": {"FunctionCount": 3}}
SECRETS = {"AWS_ACCESS_KEY_ID": "secret-1", "AWS_SECRET_ACCESS_KEY": "secret-2", "AWS_SESSION_TOKEN": "secret-3", "PASSWORD": "secret-4"}


class InvocationFactsTest(unittest.TestCase):
    def test_takes_what_is_harmless_and_nothing_else(self):
        self.assertEqual(
            invocation_facts(CONTEXT, {"AWS_REGION": "eu-west-1", **SECRETS}),
            InvocationFacts("f", "7", "r-1", 900, {"AWS_REGION": "eu-west-1"}),
        )


class LambdaEndpoint(BaseHTTPRequestHandler):
    """A Lambda endpoint that keeps what the real client asks; it answers with the given statuses, then with the settings."""

    requests = []
    answers = []

    def do_GET(self):
        self.requests.append(self.path)
        body = json.dumps(SETTINGS).encode()
        self.send_response(self.answers.pop(0) if self.answers else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class HandlerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = HTTPServer(("127.0.0.1", 0), LambdaEndpoint)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(thread.join)
        cls.addClassCleanup(server.shutdown)
        environment = mock.patch.dict(os.environ, {
            "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{server.server_port}", "AWS_DEFAULT_REGION": "us-east-1", **SECRETS,
        })  # fmt: skip
        environment.start()
        cls.addClassCleanup(environment.stop)
        cls.handler_module = importlib.import_module("handler")
        cls.addClassCleanup(cls.handler_module.client.close)
        cls.addClassCleanup(sys.modules.pop, "handler")  # its client knows only this server

    def setUp(self):
        LambdaEndpoint.requests.clear()
        LambdaEndpoint.answers.clear()

    def handle(self, event):
        """Calls the handler as Lambda does; keeps its output."""
        with contextlib.redirect_stdout(io.StringIO()) as output:
            try:
                return self.handler_module.handler(event, CONTEXT)
            finally:
                self.output = output.getvalue()

    def test_gives_the_limits_and_the_usage_of_the_account(self):
        self.assertEqual(self.handle({"more": 1}), SETTINGS)
        self.assertEqual([path.rstrip("/").rsplit("/", 1)[-1] for path in LambdaEndpoint.requests], ["account-settings"])

    def test_logs_one_line_of_json_without_credentials_and_without_the_event(self):
        self.handle({"password": "secret-5"})
        line = json.loads(self.output)
        self.assertEqual((line["message"], line["invocation"]["request_id"]), ("account settings read", "r-1"))
        self.assertNotIn("secret", self.output)

    def test_survives_a_service_that_fails_once(self):
        LambdaEndpoint.answers[:] = [500]
        self.assertEqual(self.handle({}), SETTINGS)
        self.assertEqual(len(LambdaEndpoint.requests), 2)

    def test_fails_when_the_service_is_gone(self):
        LambdaEndpoint.answers[:] = [503] * 10
        with self.assertRaises(self.handler_module.client.exceptions.ClientError):
            self.handle({})
        self.assertEqual(self.output, "")

    def test_fails_on_an_event_that_is_no_object_and_asks_nothing(self):
        for event in ([1], "text", None, 7):
            with self.subTest(event), self.assertRaisesRegex(ValueError, "the event has to be a JSON object"):
                self.handle(event)
        self.assertEqual(LambdaEndpoint.requests, [])


if __name__ == "__main__":
    unittest.main()
