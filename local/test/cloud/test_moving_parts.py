"""Pipes, schedules and workflows in the cloud's own process, without functions: from a queue to a queue."""
import json
import os
import time
import unittest

os.environ.setdefault("GATEWAY_PORT", "0")
os.environ["CDK_TRACED_TRACE_ALL"] = "1"

import ministack.app  # noqa: F401 - its settings have to stand before
from ministack.services import cognito, pipes, s3, scheduler, sqs, stepfunctions
from ministack.services.cloudformation import provisioners

from cloud import traced_cloud, workflow_tracing
from cloud.trace_context import trace_context
from cloud.trace_header import TraceHeader

PATIENCE = 30  # seconds
HEADER = "Root=1-5e1b4151-5ac6c58f5b0d7c4cc7eae5f1;Parent=53995c3f42cd8ad8;Sampled=1"


def eventually(look):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come about")


def make(kind, name, **properties):
    return provisioners._RESOURCE_HANDLERS[f"AWS::{kind}"]["create"](name, properties, "stack")


def queue(name, **properties):
    url, attributes = make("SQS::Queue", name, QueueName=name, **properties)
    return url, attributes["Arn"]


def send(url, body):
    sqs._act_send_message({"QueueUrl": url, "MessageBody": body}, url)


def bodies(url):
    return [message["body"] for message in sqs._get_q(url)["messages"]]


class MovingPartsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        traced_cloud.install_all()
        cls.sent = []
        workflow_tracing.send_segment = cls.sent.append

    def workflow(self, name, definition, **properties):
        arn, _attributes = make("StepFunctions::StateMachine", name, StateMachineName=name, DefinitionString=json.dumps(definition),
                                RoleArn="arn:aws:iam::000000000000:role/r", **properties)
        return arn

    def output(self, arn, given, header=None):
        with trace_context(TraceHeader.parse(header)):
            status, _headers, body = stepfunctions._start_execution({"stateMachineArn": arn, "input": json.dumps(given)})
        self.assertEqual(status, 200, body)
        execution = stepfunctions._executions[json.loads(body)["executionArn"]]
        eventually(lambda: execution["status"] != "RUNNING")
        return execution

    def test_a_pipe_filters_transforms_and_keeps_what_fails(self):
        (source, source_arn), (target, target_arn) = queue("from"), queue("to")
        make("Pipes::Pipe", "orders", Name="orders", Source=source_arn, Target=target_arn, RoleArn="arn:aws:iam::000000000000:role/r",
             SourceParameters={"FilterCriteria": {"Filters": [{"Pattern": '{"body":{"kind":["order"]}}'}]}, "SqsQueueParameters": {"BatchSize": 2}},
             TargetParameters={"InputTemplate": '{"order": <$.body.id>, "of": "<aws.pipes.pipe-name>"}'})
        for body in ('{"kind":"other"}', '{"kind":"order","id":"o1"}', "no json"):
            send(source, body)
        pipes._poll_once()
        self.assertEqual(json.loads(eventually(lambda: bodies(target))[0]), {"order": "o1", "of": "orders"})
        eventually(lambda: not bodies(source))  # what was filtered is gone, too

        described = json.loads(pipes._describe_pipe("orders")[2])
        self.assertEqual(described["SourceParameters"]["SqsQueueParameters"], {"BatchSize": 2})
        provisioners._RESOURCE_HANDLERS["AWS::SQS::Queue"]["delete"](target, {})
        send(source, '{"kind":"order","id":"o2"}')
        pipes._poll_once()
        eventually(lambda: [message for message in sqs._get_q(source)["messages"] if message.get("receive_count")])
        pipes.delete_pipe("orders")
        self.assertEqual(len(bodies(source)), 1)

    def test_a_pipe_enriches_by_a_workflow_and_writes_to_a_bus(self):
        (source, source_arn), (target, target_arn) = queue("asks"), queue("answers")
        enrich = self.workflow("enrich", {"StartAt": "Add", "States": {"Add": {"Type": "Pass", "Parameters": {"word.$": "$[0].body"}, "End": True}}},
                               StateMachineType="EXPRESS")
        make("Events::EventBus", "bus", Name="bus")
        make("Events::Rule", "rule", Name="rule", EventBusName="bus", EventPattern={"source": ["shop"], "detail-type": ["hello"]},
             Targets=[{"Id": "t", "Arn": target_arn, "InputPath": "$.detail"}])
        bus = f"arn:aws:events:us-east-1:{source_arn.split(':')[4]}:event-bus/bus"
        make("Pipes::Pipe", "greet", Name="greet", Source=source_arn, Target=bus, Enrichment=enrich, RoleArn="arn:aws:iam::000000000000:role/r",
             TargetParameters={"EventBridgeEventBusParameters": {"Source": "shop", "DetailType": "$.word"}})
        send(source, "hello")
        pipes._poll_once()
        self.assertEqual(json.loads(eventually(lambda: bodies(target))[0]), {"word": "hello"})
        pipes.delete_pipe("greet")

    def test_a_schedule_fills_in_what_it_knows_and_calls_any_api(self):
        target, target_arn = queue("ticks")
        dead, dead_arn = queue("dead")
        now = "at(2020-01-01T00:00:00)"
        make("Scheduler::Schedule", "once", Name="once", ScheduleExpression=now, FlexibleTimeWindow={"Mode": "OFF"}, State="ENABLED",
             Target={"Arn": target_arn, "RoleArn": "r", "Input": '{"by":"<aws.scheduler.schedule-arn>","at":"<aws.scheduler.scheduled-time>"}'})
        make("Scheduler::Schedule", "api", Name="api", ScheduleExpression=now, FlexibleTimeWindow={"Mode": "OFF"}, State="ENABLED",
             Target={"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "RoleArn": "r", "Input": json.dumps({"QueueUrl": target, "MessageBody": "any api"})})
        make("Scheduler::Schedule", "broken", Name="broken", ScheduleExpression=now, FlexibleTimeWindow={"Mode": "OFF"}, State="ENABLED",
             Target={"Arn": "arn:aws:scheduler:::aws-sdk:nothing:atAll", "RoleArn": "r", "Input": '{"lost":1}', "DeadLetterConfig": {"Arn": dead_arn}})
        scheduler._tick_schedules()
        found = bodies(target)
        self.assertIn("any api", found)
        told = json.loads(next(body for body in found if body != "any api"))
        self.assertRegex(told["by"], r":schedule/default/once$")
        self.assertRegex(told["at"], r"^\d{4}-\d\d-\d\dT")
        self.assertEqual(bodies(dead), ['{"lost":1}'])

    def test_an_execution_is_a_segment_with_its_states_and_calls(self):
        target, _arn = queue("results")
        arn = self.workflow("steps", {"StartAt": "Both", "States": {
            "Both": {"Type": "Parallel", "Next": "Send", "ResultPath": None, "Branches": [
                {"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}} for name in ("Left", "Right")]},
            "Send": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {"QueueUrl": target, "MessageBody.$": "$.text"}, "Next": "No"},
            "No": {"Type": "Fail", "Error": "Refused", "Cause": "not today"}}})
        execution = self.output(arn, {"text": "hello"}, HEADER)
        self.assertEqual(execution["status"], "FAILED")
        segment = eventually(lambda: [document for document in self.sent if document["name"] == "steps"])[0]
        self.assertEqual((segment["trace_id"], segment["parent_id"], segment["origin"], segment["fault"]),
                         ("1-5e1b4151-5ac6c58f5b0d7c4cc7eae5f1", "53995c3f42cd8ad8", "AWS::StepFunctions::StateMachine", True))
        self.assertEqual((segment["cause"]["exceptions"][0]["type"], segment["cause"]["exceptions"][0]["message"]), ("Refused", "not today"))
        parts = {part["name"]: part for part in segment["subsegments"]}
        self.assertEqual(list(parts), ["Both", "Send"])
        self.assertEqual({part["name"] for part in parts["Both"]["subsegments"]}, {"Left", "Right"})
        [call] = parts["Send"]["subsegments"]
        self.assertEqual((call["name"], call["namespace"], call["aws"]["operation"], call["aws"]["queue_url"]), ("SQS", "aws", "SendMessage", target))
        # What a call sends belongs to it.
        self.assertIn(f"Parent={call['id']}", sqs._get_q(target)["messages"][0]["sys"]["AWSTraceHeader"])

    def test_a_header_that_is_not_sampled_leaves_nothing(self):
        arn = self.workflow("quiet", {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
        self.output(arn, {}, HEADER.replace("Sampled=1", "Sampled=0"))
        self.assertEqual([document for document in self.sent if document["name"] == "quiet"], [])

    def test_versions_aliases_and_activities_of_templates(self):
        arn = self.workflow("versioned", {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": "done", "End": True}}})
        version, attributes = make("StepFunctions::StateMachineVersion", "Version", StateMachineArn=arn, StateMachineRevisionId="INITIAL")
        self.assertEqual((version, attributes), (f"{arn}:1", {"Arn": f"{arn}:1"}))
        alias, _attributes = make("StepFunctions::StateMachineAlias", "Alias", Name="live", DeploymentPreference={"StateMachineVersionArn": version, "Type": "ALL_AT_ONCE"})
        self.assertEqual(self.output(alias, {})["output"], '"done"')
        activity, attributes = make("StepFunctions::Activity", "Work", Name="work")
        self.assertEqual((attributes["Name"], activity in stepfunctions._activities), ("work", True))

    def test_users_and_groups_of_templates(self):
        pool, _attributes = make("Cognito::UserPool", "Pool", UserPoolName="pool")
        make("Cognito::UserPoolGroup", "Group", UserPoolId=pool, GroupName="admins")
        user, _attributes = make("Cognito::UserPoolUser", "User", UserPoolId=pool, Username="ann", UserAttributes=[{"Name": "email", "Value": "ann@example.com"}])
        membership, _attributes = make("Cognito::UserPoolUserToGroupAttachment", "In", UserPoolId=pool, GroupName="admins", Username=user)
        groups = json.loads(cognito._admin_list_groups_for_user({"UserPoolId": pool, "Username": "ann"})[2])["Groups"]
        self.assertEqual([group["GroupName"] for group in groups], ["admins"])
        provisioners._RESOURCE_HANDLERS["AWS::Cognito::UserPoolUserToGroupAttachment"]["delete"](
            membership, {"UserPoolId": pool, "GroupName": "admins", "Username": "ann"})
        self.assertEqual(json.loads(cognito._admin_list_groups_for_user({"UserPoolId": pool, "Username": "ann"})[2])["Groups"], [])

    def test_a_distributed_map_batches_items_and_writes_results(self):
        s3._create_bucket("data", b"", {})
        s3._put_object("data", "items.csv", b"n\n1\n2\n3\n", {})
        map_state = {
            "Type": "Map", "End": True, "MaxConcurrency": 2,
            "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
                           "Parameters": {"Bucket": "data", "Key": "items.csv"}},
            "ItemSelector": {"value.$": "$$.Map.Item.Value.n", "of.$": "$.name"},
            "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"name.$": "$.name"}},
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, "StartAt": "P",
                              "States": {"P": {"Type": "Pass", "End": True}}},
            "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "data", "Prefix": "out"}},
        }
        execution = self.output(self.workflow("spread", {"StartAt": "Map", "States": {"Map": map_state}}), {"name": "all"})
        self.assertEqual(execution["status"], "SUCCEEDED", execution["events"][-1])
        place = json.loads(execution["output"])["ResultWriterDetails"]
        manifest = json.loads(s3._get_object("data", place["Key"], {}, {})[2])
        results = json.loads(s3._get_object("data", manifest["ResultFiles"]["SUCCEEDED"][0]["Key"], {}, {})[2])
        self.assertEqual(sorted((json.loads(result["Output"]) for result in results), key=lambda output: -len(output["Items"])), [
            {"BatchInput": {"name": "all"}, "Items": [{"value": "1", "of": "all"}, {"value": "2", "of": "all"}]},
            {"BatchInput": {"name": "all"}, "Items": [{"value": "3", "of": "all"}]}])

        in_jsonata = {"QueryLanguage": "JSONata", "StartAt": "Map", "States": {"Map": {
            "Type": "Map", "End": True, "Items": "{% $states.input.numbers %}", "ItemSelector": {"n": "{% $states.context.Map.Item.Value %}"},
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "P",
                              "States": {"P": {"Type": "Pass", "Output": "{% $states.input.n * 2 %}", "End": True}}},
            "Output": "{% $sum($states.result) %}"}}}
        self.assertEqual(json.loads(self.output(self.workflow("sums", in_jsonata), {"numbers": [1, 2]})["output"]), 6)


if __name__ == "__main__":
    unittest.main()
