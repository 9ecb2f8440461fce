"""Input templates of pipes, with the events that they are filled from."""
import base64
import json
import unittest

from cloud.pipe_inputs import find, resolve, transform

MESSAGE = {"messageId": "m1", "body": '{"id": 7, "name": "a \\"b\\"", "tags": ["x", "y"]}', "attributes": {"SentTimestamp": "1"}}
RECORD = {"partitionKey": "p", "data": base64.b64encode(b'{"n": 1}').decode()}


class PipeInputsTest(unittest.TestCase):
    def test_an_event_without_a_template_is_handed_on_as_it_is(self):
        self.assertEqual(json.loads(transform(None, MESSAGE, {})), MESSAGE)

    def test_paths_lead_into_the_json_of_a_body_and_of_encoded_data(self):
        for event, path, value in ((MESSAGE, "$.body.id", 7), (MESSAGE, "$.body.tags[1]", "y"), (MESSAGE, "$.messageId", "m1"), (MESSAGE, "$.body.nothing", None),
                                   (RECORD, "$.data.n", 1), (RECORD, "$.data", {"n": 1}), ({"body": "plain"}, "$.body", "plain")):
            with self.subTest(path):
                self.assertEqual(find(event, path), value)

    def test_a_json_template_stays_json(self):
        for template, expected in (
            ('{"id": <$.body.id>, "all": <$.body>}', {"id": 7, "all": json.loads(MESSAGE["body"])}),
            ('{"text": "number <$.body.id> of <$.body.name>", "name": <$.body.name>}', {"text": 'number 7 of a "b"', "name": 'a "b"'}),
            ('{"pipe": "<aws.pipes.pipe-name>", "none": <$.body.nothing>, "event": <aws.pipes.event.json>}', {"pipe": "p1", "none": None, "event": MESSAGE}),
        ):
            with self.subTest(template):
                self.assertEqual(json.loads(transform(template, MESSAGE, {"aws.pipes.pipe-name": "p1"})), expected)

    def test_text_and_a_path_alone(self):
        self.assertEqual(transform("order <$.body.id>: <$.body.name>", MESSAGE, {}), 'order 7: a "b"')
        self.assertEqual(json.loads(transform("<$.body>", MESSAGE, {})), json.loads(MESSAGE["body"]))
        self.assertEqual(transform("<$.messageId>", MESSAGE, {}), "m1")

    def test_parameters_of_a_target_may_be_paths(self):
        self.assertEqual((resolve("$.body.id", MESSAGE), resolve("fixed", MESSAGE)), ("7", "fixed"))


if __name__ == "__main__":
    unittest.main()
