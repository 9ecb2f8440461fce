"""Run with `python3 -m unittest` (or pytest) in this folder, with boto3 and requests installed."""

import contextlib
import importlib
import io
import json
import os
import sys
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from unittest import mock

from game_record import BadMessage, FinishedGame, UnfinishedGame, build_record, parse_message

GAME = "sessions/s/games/g"
ITEMS = {
    "sessions/s": {"id": "s", "name": "evening", "users": ["u1", "u2"], "games": ["g"]},
    GAME: {"id": "g", "session": "s", "users": ["u1", "u2"], "moves": ["m1"], "states": ["t0", "t1"], "endTime": "2026-01-02T03:04:05.678Z"},
    "users/u1": {"id": "u1", "name": "Ada"},
    "users/u2": {"id": "u2", "name": "Grace"},
    f"{GAME}/moves/m1": {"id": "m1", "cell": 5},
    f"{GAME}/states/t0": {"id": "t0", "board": "."},
    f"{GAME}/states/t1": {"id": "t1", "board": "X"},
}
RECORD = {
    "id": "g", "session": ITEMS["sessions/s"], "users": [ITEMS["users/u1"], ITEMS["users/u2"]], "moves": [ITEMS[f"{GAME}/moves/m1"]],
    "states": [ITEMS[f"{GAME}/states/t0"], ITEMS[f"{GAME}/states/t1"]], "endTime": "2026-01-02T03:04:05.678Z",
}  # fmt: skip


class ParseMessageTest(unittest.TestCase):
    def test_names_a_session_and_a_game(self):
        finished = parse_message('{"session": "s-1", "game": "0a"}')
        self.assertEqual(finished, FinishedGame("s-1", "0a"))
        self.assertEqual(finished.key, "games/s-1/0a.json")

    def test_refuses_everything_else_without_showing_it(self):
        for body in ("secret", "[]", "{}", '{"session": "s"}', '{"session": "s", "game": 7}', '{"session": "../secret", "game": "g"}', '{"session": "s", "game": ""}'):
            with self.subTest(body), self.assertRaises(BadMessage) as raised:
                parse_message(body)
            self.assertNotIn("secret", str(raised.exception))


class BuildRecordTest(unittest.TestCase):
    def build(self, items=ITEMS):
        return build_record(SimpleNamespace(get=lambda *path: items["/".join(path)]), FinishedGame("s", "g"))

    def test_puts_everything_that_the_game_refers_to_into_one_line(self):
        record = self.build()
        self.assertEqual(json.loads(record), RECORD)
        self.assertEqual(record.count(b"\n"), 1)

    def test_gives_the_same_bytes_whatever_the_order_of_the_fields(self):
        reordered = {path: dict(reversed(item.items())) for path, item in ITEMS.items()}
        self.assertEqual(self.build(reordered), self.build())

    def test_refuses_a_game_that_is_not_over(self):
        with self.assertRaises(UnfinishedGame):
            self.build({**ITEMS, GAME: {key: value for key, value in ITEMS[GAME].items() if key != "endTime"}})


class Services(BaseHTTPRequestHandler):
    """Endpoints of SQS, S3 and the API. `refusals` are the statuses of the next answers to an operation."""

    protocol_version = "HTTP/1.1"  # knows 'Expect: 100-continue', for which the client would wait
    queue: list = []
    dead: list = []
    objects: dict = {}
    calls: list = []
    refusals: dict = {}
    items: dict = {}

    def do_GET(self):
        path = self.path.removeprefix("/api/prod/")
        self.calls.append(("GET", path, self.headers.get("Authorization")))
        if not self.refused("GET"):
            item = self.items.get(path)
            self._answer(200, item) if item else self._answer(404, {"code": "not-found"})

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.refused("PUT"):
            self.objects[self.path.split("?")[0]] = body
            self._answer(200)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].split(".")[1]
        self.calls.append((operation, body))
        if not self.refused(operation):
            self._answer(200, getattr(self, operation)(body))

    def ReceiveMessage(self, body):
        visible = [message for message in self.queue if not message["hidden"]][: body["MaxNumberOfMessages"]]
        for message in visible:
            message["hidden"] = True
        return {"Messages": [{"MessageId": m["id"], "ReceiptHandle": m["id"], "Body": m["body"]} for m in visible]} if visible else {}

    def DeleteMessage(self, body):
        self.queue[:] = [message for message in self.queue if message["id"] != body["ReceiptHandle"]]
        return {}

    def ChangeMessageVisibility(self, body):
        for message in self.queue:
            if message["id"] == body["ReceiptHandle"]:
                message["hidden"] = False
        return {}

    def SendMessage(self, body):
        self.dead.append(body)
        return {"MessageId": "m"}

    def refused(self, operation):
        statuses = self.refusals.get(operation)
        if not statuses:
            return False
        self._answer(statuses.pop(0))
        return True

    def _answer(self, status, body=None):
        text = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class HandlerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Services)  # a connection that is kept alive must not hold up the others
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(thread.join)
        cls.addClassCleanup(server.shutdown)
        url = f"http://127.0.0.1:{server.server_port}"
        environment = mock.patch.dict(os.environ, {
            "AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_MAX_ATTEMPTS": "1", "WORKER_QUEUE": f"{url}/0/queue", "DEAD_LETTER_QUEUE": f"{url}/0/dead", "BUCKET_NAME": "records", "API_URL": f"{url}/api/prod/",
        })  # fmt: skip
        environment.start()
        cls.addClassCleanup(environment.stop)
        cls.worker = importlib.import_module("handler")
        cls.addClassCleanup(sys.modules.pop, "handler")  # its clients know only this server
        for client in (cls.worker.sqs, cls.worker.s3, cls.worker.api):
            cls.addClassCleanup(client.close)

    def setUp(self):
        Services.queue[:], Services.dead[:], Services.calls[:] = [], [], []
        Services.objects.clear()
        Services.refusals.clear()
        Services.items = dict(ITEMS)

    def put(self, *bodies):
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            Services.queue.append({"id": f"m{len(Services.queue)}", "body": text, "hidden": False})

    def run_worker(self, milliseconds=60_000):
        """Calls the handler as Lambda does; keeps its log lines."""
        context = SimpleNamespace(aws_request_id="r-1", get_remaining_time_in_millis=lambda: milliseconds)
        with contextlib.redirect_stdout(io.StringIO()) as output:
            try:
                return self.worker.handler({"source": "aws.events"}, context)
            finally:
                self.lines = [json.loads(line) for line in output.getvalue().splitlines()]

    def test_stores_the_record_of_each_game_until_the_queue_is_empty(self):
        for n in range(7):
            Services.items[f"sessions/s/games/g{n}"] = {**ITEMS[GAME], "id": f"g{n}", "moves": [], "states": []}
        self.put(*({"session": "s", "game": f"g{n}"} for n in range(7)))
        self.assertEqual(self.run_worker(), {"stored": 7})
        self.assertEqual(sorted(Services.objects), [f"/records/games/s/g{n}.json" for n in range(7)])
        self.assertEqual((Services.queue, Services.dead), ([], []))

    def test_stores_the_complete_record(self):
        self.put({"session": "s", "game": "g"})
        self.run_worker()
        self.assertIn(json.dumps(RECORD, sort_keys=True, separators=(",", ":")).encode(), Services.objects["/records/games/s/g.json"])

    def test_signs_what_it_asks_of_the_api(self):
        self.put({"session": "s", "game": "g"})
        self.run_worker()
        signatures = [call[2] for call in Services.calls if call[0] == "GET"]
        self.assertTrue(all("/us-east-1/execute-api/aws4_request" in signature for signature in signatures), signatures)

    def test_deletes_a_message_only_after_its_game_is_stored(self):
        self.put({"session": "s", "game": "g"})
        Services.refusals["PUT"] = [503]
        with self.assertRaisesRegex(RuntimeError, "1 of 1 messages"):
            self.run_worker()
        self.assertEqual([message["hidden"] for message in Services.queue], [False])
        self.assertEqual(self.run_worker(), {"stored": 1})

    def test_writes_the_same_object_again_for_a_message_that_comes_twice(self):
        self.put({"session": "s", "game": "g"}, {"session": "s", "game": "g"})
        self.assertEqual(self.run_worker(), {"stored": 2})
        self.assertEqual(len(Services.objects), 1)

    def test_gives_up_a_game_that_the_api_does_not_know_and_goes_on(self):
        self.put({"session": "s", "game": "unknown"}, {"session": "s", "game": "g"})
        self.assertEqual(self.run_worker(), {"dead": 1, "stored": 1})
        self.assertEqual([json.loads(message["MessageBody"])["game"] for message in Services.dead], ["unknown"])
        self.assertEqual(Services.dead[0]["MessageAttributes"]["Reason"]["StringValue"], "the API does not know sessions/s/games/unknown")
        self.assertEqual(Services.queue, [])

    def test_gives_up_a_malformed_message_without_logging_it(self):
        self.put("secret")
        self.assertEqual(self.run_worker(), {"dead": 1})
        self.assertEqual(Services.dead[0]["MessageBody"], "secret")
        self.assertNotIn("secret", json.dumps(self.lines))

    def test_keeps_a_message_that_it_cannot_give_up(self):
        self.put("malformed")
        Services.refusals["SendMessage"] = [500]
        with self.assertRaises(RuntimeError):
            self.run_worker()
        self.assertEqual(len(Services.queue), 1)

    def test_keeps_the_message_of_a_game_that_is_not_over_yet(self):
        Services.items[GAME] = {key: value for key, value in ITEMS[GAME].items() if key != "endTime"}
        self.put({"session": "s", "game": "g"})
        self.assertEqual(self.run_worker(), {"unfinished": 1})
        Services.items[GAME] = ITEMS[GAME]
        self.assertEqual(self.run_worker(), {"stored": 1})

    def test_survives_an_api_that_fails_once(self):
        self.put({"session": "s", "game": "g"})
        Services.refusals["GET"] = [502]
        self.assertEqual(self.run_worker(), {"stored": 1})

    def test_keeps_the_messages_when_the_api_is_gone(self):
        self.put({"session": "s", "game": "g"}, {"session": "s", "game": "g"})
        Services.refusals["GET"] = [404] * 2  # a gateway that has lost the API: no answer of the API itself
        with self.assertRaisesRegex(RuntimeError, "2 of 2 messages"):
            self.run_worker()
        self.assertEqual((len(Services.queue), Services.dead), (2, []))

    def test_begins_nothing_without_time(self):
        self.put({"session": "s", "game": "g"})
        self.assertEqual(self.run_worker(milliseconds=1_000), {})
        self.assertEqual(Services.calls, [])

    def test_puts_back_what_it_has_no_time_for(self):
        self.put(*({"session": "s", "game": "g"} for _ in range(3)))
        times = iter([60_000, 60_000, 1_000, 1_000, 1_000])
        context = SimpleNamespace(aws_request_id="r-1", get_remaining_time_in_millis=lambda: next(times))
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(self.worker.handler({}, context), {"stored": 1, "left": 2})
        self.assertEqual([message["hidden"] for message in Services.queue], [False, False])

    def test_fails_to_load_without_its_settings(self):
        for name in ("WORKER_QUEUE", "DEAD_LETTER_QUEUE", "BUCKET_NAME", "API_URL"):
            with self.subTest(name), mock.patch.dict(os.environ), mock.patch.dict(sys.modules):
                del os.environ[name]
                del sys.modules["handler"]
                with self.assertRaisesRegex(RuntimeError, name):
                    importlib.import_module("handler")


if __name__ == "__main__":
    unittest.main()
