"""Run with `python3 -m unittest` in this folder. Without boto3, which Lambda's runtime has, the tests of the client are skipped."""

import contextlib
import importlib.util
import io
import json
import os
import sys
import threading
import unittest
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from unittest import mock
from urllib.parse import quote

from handled_items import record_handled
from uploads import Upload, parse_uploads

CONTRACT = json.loads((Path(__file__).parent.parent / "contract.json").read_text(encoding="utf-8"))


def sns_event(messages):
    """An SNS event with these messages, each of which has its place as its id: 1, 2..."""
    return {"Records": [{"EventSource": "aws:sns", "Sns": {"MessageId": str(n), "Message": m}} for n, m in enumerate(messages, start=1)]}


def s3_message(*keys):
    """An S3 event notification of the keys, which are given as S3 encodes them."""
    return json.dumps({"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": key, "sequencer": "01"}}} for key in keys]})


class ParseUploadsTest(unittest.TestCase):
    def test_parses_as_the_contract_says(self):
        for case in CONTRACT["parse"]:
            with self.subTest(case["name"]):
                parsed = parse_uploads(sns_event(case["messages"]))
                self.assertEqual([(u.key, u.sequencer) for u in parsed.uploads], [(u["key"], u.get("sequencer")) for u in case["uploads"]])
                self.assertEqual([failure.reason for failure in parsed.failures], case.get("failures", []))
                self.assertEqual(parsed.ignored, case.get("ignored", 0))

    def test_tells_which_message_an_upload_or_a_failure_came_in(self):
        parsed = parse_uploads(sns_event([s3_message("a"), "x", s3_message("b")]))
        self.assertEqual([upload.message_id for upload in parsed.uploads], ["1", "3"])
        self.assertEqual([failure.message_id for failure in parsed.failures], ["2"])

    def test_fails_on_an_event_that_is_not_of_sns(self):
        for event in [*CONTRACT["notSnsEvents"], None, [], {"Records": [None]}]:
            with self.subTest(event), self.assertRaisesRegex(ValueError, "the event is not an SNS event"):
                parse_uploads(event)

    def test_decodes_a_key_of_the_greatest_length_s3_allows(self):
        key = "ä" * 512
        self.assertEqual(parse_uploads(sns_event([s3_message(quote(key))])).uploads[0].key, key)


# What the table answers, by key; everything else succeeds.
REFUSALS = {"seen": "ConditionalCheckFailedException", "gone": "ResourceNotFoundException"}


class TableEndpoint(BaseHTTPRequestHandler):
    """A DynamoDB endpoint that keeps what the real client sends."""

    requests = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.requests.append(body)
        refusal = REFUSALS.get(body["Key"]["itemID"]["S"])
        answer = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{refusal}", "message": "refused"} if refusal else {}).encode()
        self.send_response(400 if refusal else 200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@unittest.skipUnless(importlib.util.find_spec("boto3"), "boto3 is not installed: python3 -m pip install boto3")
class WithTableTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = HTTPServer(("127.0.0.1", 0), TableEndpoint)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(thread.join)
        cls.addClassCleanup(server.shutdown)
        environment = mock.patch.dict(os.environ, {
            "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{server.server_port}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "TABLE_NAME": "items",
        })  # fmt: skip
        environment.start()
        cls.addClassCleanup(environment.stop)
        cls.handler_module = importlib.import_module("handler")
        cls.addClassCleanup(cls.handler_module.client.close)
        cls.addClassCleanup(sys.modules.pop, "handler")  # its client knows only this server

    def setUp(self):
        TableEndpoint.requests.clear()

    def keys_written(self):
        return [request["Key"]["itemID"]["S"] for request in TableEndpoint.requests]

    def handle(self, messages):
        """Calls the handler as Lambda does; gives its log lines."""
        with contextlib.redirect_stdout(io.StringIO()) as output:
            try:
                self.handler_module.handler(sns_event(messages), SimpleNamespace(aws_request_id="r-1"))
            finally:
                self.lines = [json.loads(line) for line in output.getvalue().splitlines()]


class RecordHandledTest(WithTableTest):
    time = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)

    def record(self, key="a b.txt", sequencer="01".ljust(32, "0")):
        return record_handled(self.handler_module.client, "items", Upload(key, "1", sequencer), self.time)

    def expected_request(self, name):
        return json.loads(json.dumps(CONTRACT[name]).replace("<function>", "py"))

    def test_writes_only_over_an_older_event(self):
        self.assertTrue(self.record())
        self.assertEqual(TableEndpoint.requests, [self.expected_request("updateItem")])

    def test_writes_an_upload_without_a_sequencer_once(self):
        self.record(sequencer=None)
        self.assertEqual(TableEndpoint.requests, [self.expected_request("updateItemWithoutSequencer")])

    def test_tells_when_the_same_or_a_newer_event_is_there_already(self):
        self.assertFalse(self.record(key="seen"))


class HandlerTest(WithTableTest):
    def test_records_every_record_of_every_message_and_logs_one_line_without_keys(self):
        self.handle([s3_message("secret-1", "secret-2"), s3_message("seen")])
        self.assertEqual(self.keys_written(), ["secret-1", "secret-2", "seen"])
        self.assertEqual(self.lines, [
            {"level": "INFO", "message": "event handled", "requestId": "r-1", "written": 2, "unchanged": 1, "ignored": 0, "failed": 0},
        ])  # fmt: skip

    def test_fails_after_it_has_handled_everything_that_it_can(self):
        with self.assertRaisesRegex(RuntimeError, "2 not handled; the first, of SNS message 1: the message is not JSON"):
            self.handle(["secret", s3_message("gone", "good")])
        self.assertEqual(self.keys_written(), ["gone", "good"])
        self.assertEqual(self.lines[0]["reason"], "the message is not JSON")
        self.assertRegex(self.lines[1]["reason"], "cannot write to the table: ResourceNotFoundException: .*refused")
        self.assertEqual(self.lines[2]["failed"], 2)
        self.assertNotIn("secret", json.dumps(self.lines))

    def test_does_nothing_for_a_test_event(self):
        self.handle(['{"Service":"Amazon S3","Event":"s3:TestEvent"}'])
        self.assertEqual(self.keys_written(), [])

    def test_fails_to_load_without_the_name_of_a_table(self):
        with mock.patch.dict(os.environ), mock.patch.dict(sys.modules):
            del os.environ["TABLE_NAME"]
            del sys.modules["handler"]
            with self.assertRaisesRegex(RuntimeError, "TABLE_NAME"):
                importlib.import_module("handler")


if __name__ == "__main__":
    unittest.main()
