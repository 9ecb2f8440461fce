import json
import unittest

from cloud.xray_policies import delete_policy, put_policy, sns_may_send_segments

TOPIC = "arn:aws:sns:us-east-1:000000000000:uploads"


def statement(**changes):
    return {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": ["xray:PutTraceSegments"], "Resource": "*", **changes}


class SnsPolicyTest(unittest.TestCase):
    def allows(self, *statements):
        put_policy("000000000000", "us-east-1", "p", json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))
        self.addCleanup(delete_policy, "000000000000", "us-east-1", "p")
        return sns_may_send_segments(TOPIC)

    def test_allows_nothing_without_a_policy(self):
        self.assertFalse(sns_may_send_segments(TOPIC))

    def test_allows_what_the_documentation_shows(self):
        self.assertTrue(self.allows(statement(
            Action=["xray:PutTraceSegments", "xray:GetSamplingRules", "xray:GetSamplingTargets"],
            Condition={"StringEquals": {"aws:SourceAccount": "000000000000"}, "StringLike": {"aws:SourceArn": "arn:aws:sns:us-east-1:000000000000:*"}})))

    def test_compares_service_action_and_conditions(self):
        self.assertFalse(self.allows(statement(Principal={"Service": "events.amazonaws.com"})))
        self.assertFalse(self.allows(statement(Action="xray:GetSamplingRules")))
        self.assertFalse(self.allows(statement(Condition={"StringEquals": {"aws:SourceArn": TOPIC + "2"}})))
        self.assertFalse(self.allows(statement(Condition={"StringEquals": {"aws:SourceAccount": "111111111111"}})))

    def test_honours_a_denial(self):
        self.assertFalse(self.allows(statement(), statement(Effect="Deny")))

    def test_does_not_take_a_policy_of_another_region(self):
        put_policy("000000000000", "eu-west-1", "p", json.dumps({"Statement": [statement()]}))
        self.addCleanup(delete_policy, "000000000000", "eu-west-1", "p")
        self.assertFalse(sns_may_send_segments(TOPIC))


if __name__ == "__main__":
    unittest.main()
