"""Run with `python3 -m unittest` (or pytest) in this folder, with boto3 and aws-xray-sdk installed."""

import importlib
import json
import os
import sys
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from unittest import mock

from aws_xray_sdk.core import xray_recorder

from object_request import ObjectRequest, parse_object_request

CONTRACT = json.loads((Path(__file__).parent.parent / "contract.json").read_text(encoding="utf-8"))


class ParseObjectRequestTest(unittest.TestCase):
    def test_takes_what_the_contract_says(self):
        for case in CONTRACT["parse"]:
            with self.subTest(case["name"]):
                want = case["request"]
                self.assertEqual(parse_object_request(case["event"], "default"), ObjectRequest(want["bucketName"], want["key"], want["body"]))

    def test_refuses_what_the_contract_says(self):
        for case in CONTRACT["refused"]:
            with self.subTest(case["event"]), self.assertRaises(ValueError) as raised:
                parse_object_request(case["event"], "default")
            self.assertEqual(str(raised.exception), case["reason"])

    def test_counts_the_bytes_of_a_key_not_its_characters(self):
        self.assertEqual(parse_object_request({"bucket_key": "ä" * 512, "body": ""}, "default").key, "ä" * 512)
        with self.assertRaises(ValueError):
            parse_object_request({"bucket_key": "ä" * 512 + "a", "body": ""}, "default")


class BucketEndpoint(BaseHTTPRequestHandler):
    """An S3 endpoint that keeps what the real client sends; it answers with the given statuses, then 200."""

    protocol_version = "HTTP/1.1"  # knows 'Expect: 100-continue', for which the client would wait
    requests = []
    answers = []

    def _answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.requests.append((self.command, self.path.split("?")[0], body))
        self.send_response(self.answers.pop(0) if self.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_GET = _answer

    def log_message(self, *_):
        pass


class HandlerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = HTTPServer(("127.0.0.1", 0), BucketEndpoint)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(thread.join)
        cls.addClassCleanup(server.shutdown)
        environment = mock.patch.dict(os.environ, {
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{server.server_port}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "BUCKET_NAME": "objects",
        })  # fmt: skip
        environment.start()
        cls.addClassCleanup(environment.stop)
        cls.handler_module = importlib.import_module("handler")
        cls.addClassCleanup(cls.handler_module.client.close)
        cls.addClassCleanup(sys.modules.pop, "handler")  # its client knows only this server

    def setUp(self):
        BucketEndpoint.requests.clear()
        BucketEndpoint.answers.clear()
        xray_recorder.configure(sampling=False, context_missing="LOG_ERROR")

    def handle(self, event):
        """Calls the handler inside a segment; keeps the subsegments by name."""
        sent = []
        with mock.patch.object(xray_recorder.emitter, "send_entity", lambda entity: sent.append(json.loads(entity.serialize()))):
            try:
                with xray_recorder.in_segment("test"):
                    return self.handler_module.handler(event, None)
            finally:
                self.subsegments = {part["name"]: part for segment in sent for part in segment.get("subsegments", [])}

    def test_puts_the_object_and_gets_it_back(self):
        response = self.handle({"bucket_key": "a b.txt", "body": "text"})

        self.assertEqual(response, {"bucket_name": "objects", "bucket_key": "a b.txt", "put_response": 200, "get_response": 200})
        self.assertEqual([request[:2] for request in BucketEndpoint.requests], [("PUT", "/objects/a%20b.txt"), ("GET", "/objects/a%20b.txt")])
        self.assertIn(b"text", BucketEndpoint.requests[0][2])

    def test_annotates_each_subsegment_with_the_status(self):
        self.handle({"bucket_key": "k", "body": "text"})

        self.assertEqual(self.subsegments["put_object"]["annotations"], {"put_response": 200})
        self.assertEqual(self.subsegments["get_object"]["annotations"], {"get_response": 200})

    def test_survives_a_bucket_that_fails_once(self):
        BucketEndpoint.answers[:] = [500]
        self.assertEqual(self.handle({"bucket_key": "k", "body": "text"})["put_response"], 200)

    def test_fails_when_the_bucket_is_gone_and_records_it(self):
        BucketEndpoint.answers[:] = [404]
        with self.assertRaises(self.handler_module.client.exceptions.ClientError):
            self.handle({"bucket_key": "k", "body": "text"})

        self.assertTrue(self.subsegments["put_object"]["fault"])
        self.assertEqual(self.subsegments["put_object"]["cause"]["exceptions"][0]["type"], "ClientError")
        self.assertNotIn("get_object", self.subsegments)

    def test_works_where_nothing_is_traced(self):
        with self.assertLogs("aws_xray_sdk", "ERROR"):
            response = self.handler_module.handler({"bucket_key": "k", "body": "text"}, None)
        self.assertEqual(response["get_response"], 200)

    def test_sends_nothing_for_a_malformed_event(self):
        with self.assertRaisesRegex(ValueError, "'body' has to be text"):
            self.handle({"bucket_key": "k"})
        self.assertEqual(BucketEndpoint.requests, [])

    def test_fails_to_load_without_the_name_of_a_bucket(self):
        with mock.patch.dict(os.environ), mock.patch.dict(sys.modules):
            del os.environ["BUCKET_NAME"]
            del sys.modules["handler"]
            with self.assertRaisesRegex(RuntimeError, "BUCKET_NAME"):
                importlib.import_module("handler")


if __name__ == "__main__":
    unittest.main()
