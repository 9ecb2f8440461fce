"""Event sources as AWS has them: one stack, one cloud."""
import base64
import json
import unittest

from cloud_process import CloudProcess, eventually, python_function

CODE = """
import json
def fail(event, context):
    print("GOT", len(event["Records"]))
    raise ValueError("always")
def some(event, context):
    names = [r["dynamodb"]["Keys"]["id"]["S"] for r in event["Records"]]
    print("GOT", json.dumps(names))
    if "bad" in names:
        raise ValueError("bad")
def data(event, context):
    import base64
    print("GOT", json.dumps([base64.b64decode(r["kinesis"]["data"]).decode() for r in event["Records"]]))
def sum(event, context):
    count = event["state"].get("count", 0) + len(event["Records"])
    print("GOT", json.dumps([count, event["isFinalInvokeForWindow"], event["window"]["end"] > event["window"]["start"]]))
    return {"state": {"count": count}}
def bodies(event, context):
    print("GOT", json.dumps([r["body"] for r in event["Records"]]))
    if any("poison" in r["body"] for r in event["Records"]):
        raise ValueError("poison")
"""


def function(name):
    return python_function(name, CODE, Handler=f"index.{name.split('-')[1]}")


def mapping(function_id, source, filters=(), **properties):
    criteria = {"FilterCriteria": {"Filters": [{"Pattern": json.dumps(pattern)} for pattern in filters]}} if filters else {}
    return {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"FunctionName": {"Ref": function_id}, "EventSourceArn": source, **criteria, **properties}}


DEAD = {"Fn::GetAtt": ["Dead", "Arn"]}
TO_DEAD = {"DestinationConfig": {"OnFailure": {"Destination": DEAD}}}
TABLE_STREAM = {"Fn::GetAtt": ["Table", "StreamArn"]}
BUCKET = {"Fn::Sub": "arn:aws:s3:::${Discarded}"}
TEMPLATE = {"Resources": {
    "Dead": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "dead"}},
    "Discarded": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "discarded"}},
    "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": "stream", "ShardCount": 1}},
    "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
        "TableName": "table", "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"}}},
    "Poisoned": {"Type": "AWS::SQS::Queue", "Properties": {
        "QueueName": "poisoned", "VisibilityTimeout": 1, "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Buried", "Arn"]}, "maxReceiveCount": 1}}},
    "Buried": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "buried"}},
    "Filtered": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "filtered"}},
    "Patient": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "patient"}},
    "Counted": {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": "counted", "ShardCount": 1}},

    "KinesisFail": function("kinesis-fail"), "KinesisData": function("kinesis-data"), "TableSome": function("table-some"),
    "TableFail": function("table-fail"), "QueueBodies": function("queue-bodies"), "PoisonBodies": function("poison-bodies"),
    "WindowSum": function("window-sum"), "PatientBodies": function("patient-bodies"),

    "Sums": mapping("WindowSum", {"Fn::GetAtt": ["Counted", "Arn"]}, StartingPosition="TRIM_HORIZON", BatchSize=1, TumblingWindowInSeconds=2),
    "Waits": mapping("PatientBodies", {"Fn::GetAtt": ["Patient", "Arn"]}, BatchSize=12, MaximumBatchingWindowInSeconds=300),
    "Fails": mapping("KinesisFail", {"Fn::GetAtt": ["Stream", "Arn"]}, StartingPosition="TRIM_HORIZON", BatchSize=1, MaximumRetryAttempts=0, **TO_DEAD),
    "Reads": mapping("KinesisData", {"Fn::GetAtt": ["Stream", "Arn"]}, [{"data": {"n": [{"numeric": [">", 1, "<=", 3]}]}}, {"partitionKey": ["special"]}],
                     StartingPosition="LATEST", ParallelizationFactor=2),
    "Bisects": mapping("TableSome", TABLE_STREAM, [{"dynamodb": {"NewImage": {"skip": {"S": [{"exists": False}]}}}}], StartingPosition="TRIM_HORIZON",
                       BatchSize=10, MaximumBatchingWindowInSeconds=1, BisectBatchOnFunctionError=True, MaximumRetryAttempts=1,
                       DestinationConfig={"OnFailure": {"Destination": BUCKET}}),
    "Removes": mapping("TableFail", TABLE_STREAM, [{"eventName": ["REMOVE"]}], StartingPosition="TRIM_HORIZON"),
    "Filters": mapping("QueueBodies", {"Fn::GetAtt": ["Filtered", "Arn"]}, [
        {"body": {"$or": [{"kind": ["a"]}, {"n": [{"numeric": [">", 5]}]}]}}, {"body": {"city": [{"equals-ignore-case": "ROME"}]}},
        {"body": {"tags": ["x"]}}, {"body": {"name": [{"prefix": "pre"}]}, "messageAttributes": {"mark": {"stringValue": ["yes"]}}},
        {"body": {"deep": {"list": {"of": [{"suffix": ".png"}]}}}}, {"body": {"not": [{"anything-but": ["this"]}]}}, {"body": ["plain text"]}]),
    "Poison": mapping("PoisonBodies", {"Fn::GetAtt": ["Poisoned", "Arn"]}, [{"body": {"take": [True]}}], BatchSize=10),
}}


class EventSourcesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cloud = CloudProcess()
        cls.addClassCleanup(cls.cloud.close)
        cls.cloud.deploy("Sources", TEMPLATE)
        cls.sqs = cls.cloud.client("sqs")

    def got(self, function_name):
        return [json.loads(line.split("GOT ", 1)[1]) for line in self.cloud.log_lines(function_name) if line.startswith("GOT ")]

    def receive(self, queue):
        url = self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        def one():
            messages = self.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages")
            return json.loads(messages[0]["Body"]) if messages else None
        return eventually(one)

    def test_kinesis_records_that_fail_for_good_are_told_to_the_destination_and_do_not_block_the_shard(self):
        kinesis = self.cloud.client("kinesis")
        for data in (b"one", b'{"n": 1}', b'{"n": 3}'):
            kinesis.put_record(StreamName="stream", Data=data, PartitionKey="p")
        kinesis.put_record(StreamName="stream", Data=b"four", PartitionKey="special")
        records = [self.receive("dead") for _ in range(4)]
        self.assertEqual({record["requestContext"]["condition"] for record in records}, {"RetryAttemptsExhausted"})
        self.assertEqual([record["KinesisBatchInfo"]["batchSize"] for record in records], [1] * 4)
        self.assertEqual(records[0]["requestContext"]["approximateInvokeCount"], 1)
        self.assertEqual(self.got("kinesis-fail"), [1] * 4)
        eventually(lambda: sorted(sum(self.got("kinesis-data"), [])) == ["four", '{"n": 3}'] or None)

    def test_a_batch_of_a_table_is_bisected_until_the_bad_record_is_alone(self):
        table = self.cloud.client("dynamodb")
        items = [{"PutRequest": {"Item": {"id": {"S": name}, **({"skip": {"S": "y"}} if name == "skipped" else {})}}} for name in ("a", "skipped", "bad", "c")]
        table.batch_write_item(RequestItems={"table": items})
        s3 = self.cloud.client("s3")
        [key] = eventually(lambda: [o["Key"] for o in s3.list_objects_v2(Bucket="discarded").get("Contents", [])] or None)
        record = json.loads(s3.get_object(Bucket="discarded", Key=key)["Body"].read())
        self.assertEqual((record["DDBStreamBatchInfo"]["batchSize"], record["requestContext"]["condition"]), (1, "RetryAttemptsExhausted"))
        [discarded] = json.loads(record["payload"])["Records"]
        self.assertEqual(discarded["dynamodb"]["Keys"], {"id": {"S": "bad"}})
        seen = self.got("table-some")
        self.assertNotIn("skipped", sum(seen, []))
        self.assertEqual([names for names in seen if names == ["bad"]], [["bad"]] * 2)
        eventually(lambda: "c" in sum((names for names in self.got("table-some") if "bad" not in names), []) or None)
        self.assertEqual(self.got("table-fail"), [])

    def test_messages_are_filtered_by_the_language_of_event_patterns(self):
        url = self.sqs.get_queue_url(QueueName="filtered")["QueueUrl"]
        wanted = [{"kind": "a"}, {"n": 9}, {"city": "rome"}, {"tags": ["x", "y"]}, {"deep": {"list": [{"of": "a.gif"}, {"of": "b.png"}]}}, {"not": "that"}]
        for body in [*wanted, {"n": 1}, {"n": "9"}, {"z": 1}, {"tags": []}, {"not": "this"}, {"kind": ["b"]}, {"name": "prefixed"}]:
            self.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))
        self.sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"name": "prefixed!"}),
                              MessageAttributes={"mark": {"DataType": "String", "StringValue": "yes"}})
        self.sqs.send_message(QueueUrl=url, MessageBody="plain text")
        expected = sorted([*(json.dumps(body) for body in wanted), json.dumps({"name": "prefixed!"}), "plain text"])
        eventually(lambda: sorted(sum(self.got("queue-bodies"), [])) == expected or None)
        count = self.cloud.client("cloudwatch").list_metrics(Namespace="AWS/Lambda", MetricName="FilteredOutEventCount")["Metrics"]
        self.assertTrue(count)

    def test_a_message_that_a_filter_drops_is_not_buried_with_the_others(self):
        url = self.sqs.get_queue_url(QueueName="poisoned")["QueueUrl"]
        self.sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(i), "MessageBody": json.dumps(body)} for i, body in enumerate(
            [{"take": True, "poison": 1}, {"take": False, "poison": 2}])])
        self.assertEqual(self.receive("buried"), {"take": True, "poison": 1})
        self.assertEqual(self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessagesNotVisible"], "0")
        buried = self.sqs.get_queue_url(QueueName="buried")["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=buried, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
        self.assertEqual(attributes["ApproximateNumberOfMessages"], "0")

    def test_a_window_hands_its_state_on_and_ends_with_a_call_of_its_own(self):
        kinesis = self.cloud.client("kinesis")
        kinesis.put_records(StreamName="counted", Records=[{"Data": str(n).encode(), "PartitionKey": "p"} for n in range(3)])
        # The three may lie in two windows, where one ends between them.
        ends = eventually(lambda: (lambda found: found if sum(count for count, _final, _ordered in found) == 3 else None)(
            [entry for entry in self.got("window-sum") if entry[1]]))
        self.assertTrue(all(ordered for _count, _final, ordered in ends))
        self.assertEqual(len([entry for entry in self.got("window-sum") if not entry[1]]), 3)

    def test_a_batch_of_messages_waits_until_it_is_full_and_may_have_more_than_ten(self):
        url = self.sqs.get_queue_url(QueueName="patient")["QueueUrl"]
        for start in (0, 6):
            self.assertEqual(self.got("patient-bodies"), [])
            self.sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": str(n)} for n in range(start, start + 6)])
        [batch] = eventually(lambda: self.got("patient-bodies") or None)
        self.assertEqual(sorted(map(int, batch)), list(range(12)))

    def test_a_filter_that_aws_would_refuse_is_refused(self):
        client = self.cloud.client("lambda")
        for pattern in ("{", '{"body": {"n": [{"numric": [">", 5]}]}}', '{"body": "text"}'):
            with self.assertRaisesRegex(Exception, "Invalid filter pattern definition"):
                client.create_event_source_mapping(FunctionName="queue-bodies", EventSourceArn="arn:aws:sqs:us-east-1:000000000000:filtered",
                                                   FilterCriteria={"Filters": [{"Pattern": pattern}]})


if __name__ == "__main__":
    unittest.main()
