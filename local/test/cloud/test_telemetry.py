"""What the Telemetry and the Logs API deliver, to a listener of the test."""
import http.server
import json
import threading
import time
import unittest

from cloud.platform_events import event, is_logged, report, runtime_done
from cloud.telemetry import SubscriptionRefused, Telemetry

TELEMETRY, LOGS = "/2022-07-01/telemetry", "/2020-08-15/logs"


class TelemetryTest(unittest.TestCase):
    def setUp(self):
        self.batches = []
        batches = self.batches

        class Listener(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                batches.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_arguments):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.uri = f"http://sandbox.localdomain:{server.server_address[1]}"
        self.telemetry = Telemetry()

    def kinds(self):
        return [each["type"] for batch in self.batches for each in batch]

    def test_delivers_what_was_subscribed_to_from_the_start_on(self):
        self.telemetry.emit(event("platform.initStart", time.time(), {}))
        self.telemetry.subscribe("observer", TELEMETRY, {"types": ["platform"], "destination": {"protocol": "HTTP", "URI": self.uri}})
        self.telemetry.emit_line("function", time.time(), "a line", is_json=False)
        self.telemetry.emit(runtime_done("r1", 1.0, 2.0, 5))
        self.telemetry.flush(10)
        self.assertEqual(self.kinds(), ["platform.initStart", "platform.telemetrySubscription", "platform.runtimeDone"])
        self.assertEqual(len(self.batches), 1)

    def test_the_logs_api_has_events_of_its_own(self):
        self.telemetry.subscribe("observer", LOGS, {"types": ["platform", "function"], "destination": {"protocol": "HTTP", "URI": self.uri}})
        self.telemetry.emit(event("platform.initReport", time.time(), {}))
        self.telemetry.emit_line("function", time.time(), '{"level": "INFO"}', is_json=True)
        self.telemetry.emit(runtime_done("r1", 1.0, 2.0, 5))
        self.telemetry.flush(10)
        self.assertEqual(self.kinds(), ["platform.logsSubscription", "function", "platform.runtimeDone", "platform.end"])
        self.assertEqual(self.batches[0][1]["record"], {"level": "INFO"})

    def test_a_full_batch_does_not_wait(self):
        self.telemetry.subscribe("observer", TELEMETRY, {"types": ["function"], "destination": {"protocol": "HTTP", "URI": self.uri},
                                                         "buffering": {"maxItems": 1_000, "timeoutMs": 30_000}})
        for number in range(1_000):
            self.telemetry.emit_line("function", time.time(), str(number), is_json=False)
        deadline = time.monotonic() + 20
        while not self.batches and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual([each["record"] for each in self.batches[0]], [str(number) for number in range(1_000)])
        self.telemetry.flush(10)

    def test_refuses_what_lambda_refuses(self):
        good = {"types": ["platform"], "destination": {"protocol": "HTTP", "URI": self.uri}}
        for bad in (None, {}, {**good, "types": ["else"]}, {**good, "schemaVersion": "1999-01-01"}, {**good, "destination": {"protocol": "UDP"}},
                    {**good, "destination": {"protocol": "HTTP", "URI": "http://192.0.2.1:80"}}, {**good, "destination": {"protocol": "TCP"}}):
            with self.subTest(bad), self.assertRaises(SubscriptionRefused):
                self.telemetry.subscribe("observer", TELEMETRY, bad)
        self.telemetry.close_subscriptions()
        with self.assertRaises(SubscriptionRefused):
            self.telemetry.subscribe("observer", TELEMETRY, good)

    def test_the_level_decides_what_a_log_gets(self):
        good, bad = runtime_done("r", 1, 2, 0), runtime_done("r", 1, 2, 0, "Sandbox.Timedout")
        last = report("r", 1, 2, 128, 10)
        for level, expected in (("DEBUG", [True, True, True]), ("INFO", [False, True, True]), ("WARN", [False, True, False])):
            with self.subTest(level):
                self.assertEqual([is_logged(each, level) for each in (good, bad, last)], expected)


if __name__ == "__main__":
    unittest.main()
