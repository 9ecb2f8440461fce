"""What those get who ask for a service that is not there."""
import json
import unittest

from cloud.service_endpoints import refusal, signed_for


class ServiceEndpointsTest(unittest.TestCase):
    def test_the_service_is_that_of_the_signature(self):
        header = (b"Authorization", b"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/xray/aws4_request, SignedHeaders=host, Signature=0")
        self.assertEqual(signed_for([(b"host", b"x"), header]), "xray")
        self.assertIsNone(signed_for([(b"authorization", b"Bearer token")]))
        self.assertIsNone(signed_for([]))

    def test_an_error_is_told_in_the_callers_protocol(self):
        status, headers, body = refusal("comprehend", "application/x-amz-json-1.1")
        self.assertEqual((status, headers["Content-Type"]), (400, "application/x-amz-json-1.1"))
        self.assertEqual(json.loads(body), {"__type": "UnsupportedServiceException", "message": "the local cloud has no comprehend"})
        self.assertIn(b"<Message>the local cloud has no x</Message>", refusal("x", "application/x-www-form-urlencoded; charset=utf-8")[2])


if __name__ == "__main__":
    unittest.main()
