import json
import socket
import unittest

from cloud.segment_sender import SegmentSender, daemon_address


class DaemonAddressTest(unittest.TestCase):
    def test_takes_both_forms(self):
        self.assertEqual(daemon_address("127.0.0.1:3000"), ("127.0.0.1", 3000))
        self.assertEqual(daemon_address("tcp:127.0.0.1:2000 udp:127.0.0.1:3000"), ("127.0.0.1", 3000))
        self.assertEqual(daemon_address("udp:127.0.0.1:3000 tcp:127.0.0.1:2000"), ("127.0.0.1", 3000))

    def test_has_the_daemons_default(self):
        self.assertEqual(daemon_address(None), ("127.0.0.1", 2000))

    def test_fails_with_the_value(self):
        with self.assertRaisesRegex(ValueError, "'somewhere'"):
            daemon_address("somewhere")


class SegmentSenderTest(unittest.TestCase):
    def setUp(self):
        self.daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.daemon.bind(("127.0.0.1", 0))
        self.daemon.settimeout(10)
        self.addCleanup(self.daemon.close)
        self.sender = SegmentSender(self.daemon.getsockname())
        self.addCleanup(self.sender._socket.close)

    def test_sends_the_header_and_one_document(self):
        self.sender.send({"id": "1", "name": "ä"})
        header, _, body = self.daemon.recv(65_536).partition(b"\n")
        self.assertEqual(json.loads(header), {"format": "json", "version": 1})
        self.assertEqual(json.loads(body), {"id": "1", "name": "ä"})

    def test_logs_a_document_that_is_too_large_and_goes_on(self):
        with self.assertLogs("cdk_traced.segments", "WARNING") as logs:
            self.sender.send({"id": "1", "name": "f", "metadata": "x" * 70_000})
        self.assertIn("segment 1 of f dropped", logs.output[0])
        self.sender.send({"id": "2"})
        self.assertIn(b'"id":"2"', self.daemon.recv(65_536))


if __name__ == "__main__":
    unittest.main()
