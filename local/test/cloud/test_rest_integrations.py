"""REST APIs whose integrations are no proxies, as a client sees them."""
import json
import unittest

from cloud_process import CloudProcess, eventually, python_function, request

CODE = """
import json
def echo(event, context):
    return event
def fail(event, context):
    raise Exception("[NotFound] " + event["what"])
def remember(event, context):
    print("GOT", json.dumps(event))
"""


def function_uri(name):
    return {"Fn::Join": ["", ["arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/", {"Fn::GetAtt": [name, "Arn"]}, "/invocations"]]}


def json_template(text):
    return {"application/json": text}


class Api:
    """Resources of a REST API with a resource for each integration."""

    def __init__(self):
        self.resources = {
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "api"}},
            "Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {
                "RestApiId": {"Ref": "Api"}, "DeploymentId": {"Ref": "Deployment"}, "StageName": "prod", "Variables": {"who": "stage"}}},
        }
        self.methods = []

    def add(self, path, method, integration):
        name = path.title()
        parent = {"Fn::GetAtt": ["Api", "RootResourceId"]}
        self.resources[f"{name}Resource"] = {"Type": "AWS::ApiGateway::Resource", "Properties": {
            "RestApiId": {"Ref": "Api"}, "ParentId": parent, "PathPart": path}}
        self.resources[f"{name}Id"] = {"Type": "AWS::ApiGateway::Resource", "Properties": {
            "RestApiId": {"Ref": "Api"}, "ParentId": {"Ref": f"{name}Resource"}, "PathPart": "{id}"}}
        for suffix, resource in (("", f"{name}Resource"), ("WithId", f"{name}Id")):
            self.methods.append(f"{name}Method{suffix}")
            self.resources[self.methods[-1]] = {"Type": "AWS::ApiGateway::Method", "Properties": {
                "RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": resource}, "HttpMethod": method, "AuthorizationType": "NONE",
                "Integration": {"IntegrationHttpMethod": "POST", **integration}}}

    def template(self, **more):
        self.resources["Deployment"] = {"Type": "AWS::ApiGateway::Deployment", "DependsOn": self.methods, "Properties": {"RestApiId": {"Ref": "Api"}}}
        return {"Resources": {**self.resources, **more},
                "Outputs": {"Url": {"Value": {"Fn::Sub": "https://${Api}.execute-api.us-east-1.amazonaws.com/prod/"}}}}


api = Api()
api.add("echo", "POST", {"Type": "AWS", "Uri": function_uri("Echo"), "RequestTemplates": json_template(
    '{"id":"$input.params(\'id\')","q":"$input.params(\'q\')","stage":"$context.stage","who":"$stageVariables.who","body":$input.json("$")}'),
    "IntegrationResponses": [{"StatusCode": "201", "ResponseTemplates": json_template('{"got":$input.json("$"),"by":"$context.httpMethod"}'),
                              "ResponseParameters": {"method.response.header.X-Id": "integration.response.body.id", "method.response.header.X-Fixed": "'f'"}}]})
api.add("plain", "POST", {"Type": "AWS", "Uri": function_uri("Echo"), "PassthroughBehavior": "WHEN_NO_TEMPLATES",
                          "IntegrationResponses": [{"StatusCode": "200"}]})
api.add("strict", "POST", {"Type": "AWS", "Uri": function_uri("Echo"), "PassthroughBehavior": "WHEN_NO_TEMPLATES",
                           "RequestTemplates": json_template("{}"), "IntegrationResponses": [{"StatusCode": "200"}]})
api.add("none", "POST", {"Type": "AWS", "Uri": function_uri("Echo"), "IntegrationResponses": []})
api.add("fail", "POST", {"Type": "AWS", "Uri": function_uri("Fail"), "IntegrationResponses": [
    {"StatusCode": "200"}, {"StatusCode": "404", "SelectionPattern": r"\[NotFound\] .*this",
                            "ResponseTemplates": json_template('{"message":"$input.path(\'$.errorMessage\')"}')}]})
api.add("job", "POST", {"Type": "AWS", "Uri": function_uri("Remember"), "RequestParameters": {"integration.request.header.X-Amz-Invocation-Type": "'Event'"},
                        "RequestTemplates": json_template('{"job":"$context.requestId","body":$input.json("$")}'),
                        "IntegrationResponses": [{"StatusCode": "202", "ResponseTemplates": json_template('{"job":"$context.requestId"}')}]})
api.add("mock", "GET", {"Type": "MOCK", "RequestTemplates": json_template('#if($input.params("id") == "teapot"){"statusCode": 418}#else{"statusCode": 200}#end'),
                        "IntegrationResponses": [
                            {"StatusCode": "200", "ResponseTemplates": json_template('#set($context.responseOverride.header.X-O = "o"){"id":"$input.params(\'id\')"}')},
                            {"StatusCode": "418", "SelectionPattern": "418", "ResponseTemplates": {"text/plain": "short and stout"},
                             "ResponseParameters": {"method.response.header.X-Id": "method.request.path.id"}}]})
for service, action, template in (
        ("table", "dynamodb:action/PutItem", '{"TableName":"items","Item":{"id":{"S":"$input.params(\'id\')"},"v":{"N":"$input.path(\'$.v\')"}}}'),
        ("events", "events:action/PutEvents", '{"Entries":[{"Source":"api","DetailType":"t","Detail":"$util.escapeJavaScript($input.json(\'$\'))"}]}')):
    api.add(service, "POST", {"Type": "AWS", "Uri": f"arn:aws:apigateway:us-east-1:{action}", "RequestTemplates": json_template(template),
                              "IntegrationResponses": [{"StatusCode": "200"}, {"StatusCode": "400", "SelectionPattern": "4\\d{2}",
                                                                               "ResponseTemplates": json_template('{"failed":true}')}]})
api.add("queue", "POST", {"Type": "AWS", "Uri": "arn:aws:apigateway:us-east-1:sqs:path/000000000000/jobs",
                          "RequestParameters": {"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"},
                          "RequestTemplates": json_template("Action=SendMessage&MessageBody=$util.urlEncode($input.body)"),
                          "IntegrationResponses": [{"StatusCode": "200", "ResponseTemplates": json_template(
                              '{"id":"$input.path(\'$.SendMessageResponse.SendMessageResult.MessageId\')"}')}]})
api.add("topic", "POST", {"Type": "AWS", "Uri": "arn:aws:apigateway:us-east-1:sns:action/Publish",
                          "RequestParameters": {"integration.request.querystring.TopicArn": "'arn:aws:sns:us-east-1:000000000000:news'",
                                                "integration.request.querystring.Message": "method.request.body.text"},
                          "IntegrationResponses": [{"StatusCode": "200", "ResponseTemplates": json_template(
                              '{"id":"$input.path(\'$.PublishResponse.PublishResult.MessageId\')"}')}]})
api.add("object", "PUT", {"Type": "AWS", "Uri": "arn:aws:apigateway:us-east-1:s3:path/objects/{key}", "IntegrationHttpMethod": "PUT",
                          "RequestParameters": {"integration.request.path.key": "method.request.path.id"}, "IntegrationResponses": [{"StatusCode": "200"}]})

TEMPLATE = api.template(
    Echo=python_function("echo", CODE, Handler="index.echo"), Fail=python_function("fail", CODE, Handler="index.fail"),
    Remember=python_function("remember", CODE, Handler="index.remember"),
    Items={"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "items", "BillingMode": "PAY_PER_REQUEST", "KeySchema": [
        {"AttributeName": "id", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}},
    Jobs={"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}}, News={"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "news"}},
    Subscription={"Type": "AWS::SNS::Subscription", "Properties": {
        "Protocol": "sqs", "TopicArn": {"Ref": "News"}, "Endpoint": {"Fn::GetAtt": ["Jobs", "Arn"]}, "RawMessageDelivery": True}},
    Objects={"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "objects"}},
    Caught={"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["api"], "detail": {"$or": [{"n": [1]}, {"m": [{"exists": True}]}]}},
                                                         "Targets": [{"Id": "t", "Arn": {"Fn::GetAtt": ["Jobs", "Arn"]}}]}},
)


class RestIntegrationsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cloud = CloudProcess()
        cls.addClassCleanup(cls.cloud.close)
        cls.url = cls.cloud.deploy("Api", TEMPLATE)["Url"]

    def ask(self, path, method="POST", body=None, **headers):
        return request(self.url + path, method, json.dumps(body) if body is not None else None, {"Content-Type": "application/json", **headers})

    def message(self):
        sqs = self.cloud.client("sqs")
        url = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
        [message] = eventually(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"))
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return message["Body"]

    def test_the_function_gets_what_the_template_says_and_the_client_what_the_response_says(self):
        status, headers, body = self.ask("echo/7?q=x", body={"n": 1})
        self.assertEqual((status, json.loads(body)), (201, {
            "got": {"id": "7", "q": "x", "stage": "prod", "who": "stage", "body": {"n": 1}}, "by": "POST"}))
        self.assertEqual((headers["x-id"], headers["x-fixed"]), ("7", "f"))

    def test_without_a_template_the_body_is_passed_through(self):
        self.assertEqual(self.ask("plain", body={"as": "is"})[::2], (200, '{"as": "is"}'))
        self.assertEqual(self.ask("plain")[::2], (200, "{}"))
        self.assertEqual(request(self.url + "strict", "POST", "x", {"Content-Type": "text/plain"})[0], 415)

    def test_an_answer_that_no_response_is_for_is_an_error(self):
        self.assertEqual(self.ask("none", body={})[::2], (500, '{"message": "Internal server error"}'))

    def test_errors_are_selected_by_their_message(self):
        self.assertEqual(self.ask("fail", body={"what": "no this"})[::2], (404, '{"message":"[NotFound] no this"}'))
        status, _headers, body = self.ask("fail", body={"what": "that"})
        self.assertEqual((status, json.loads(body)["errorMessage"]), (200, "[NotFound] that"))

    def test_an_asynchronous_call_is_answered_at_once(self):
        status, _headers, body = self.ask("job", body={"n": 1})
        self.assertEqual(status, 202)
        got = eventually(lambda: [line for line in self.cloud.log_lines("remember") if line.startswith("GOT ")] or None)
        self.assertEqual(json.loads(got[0][4:]), {"job": json.loads(body)["job"], "body": {"n": 1}})

    def test_a_mock_answers_by_itself(self):
        status, headers, body = self.ask("mock/9", "GET")
        self.assertEqual((status, headers["x-o"], body), (200, "o", '{"id":"9"}'))
        status, headers, body = self.ask("mock/teapot", "GET")
        self.assertEqual((status, headers["content-type"], headers["x-id"], body), (418, "text/plain", "teapot", "short and stout"))

    def test_aws_services_are_called(self):
        self.assertEqual(self.ask("table/a1", body={"v": 5})[0], 200)
        self.assertEqual(self.cloud.client("dynamodb").get_item(TableName="items", Key={"id": {"S": "a1"}})["Item"]["v"], {"N": "5"})
        self.assertEqual(self.ask("table/a2", body={"v": "no number"})[::2], (400, '{"failed":true}'))
        self.assertEqual(self.ask("object/k.txt", "PUT", body="content")[0], 200)
        self.assertEqual(self.cloud.client("s3").get_object(Bucket="objects", Key="k.txt")["Body"].read(), b'"content"')

    def test_messages_and_events_are_sent(self):
        status, _headers, body = self.ask("queue", body={"a": "b&c"})
        self.assertEqual((status, len(json.loads(body)["id"])), (200, 36))
        self.assertEqual(json.loads(self.message()), {"a": "b&c"})
        status, _headers, body = self.ask("topic", body={"text": "hello"})
        self.assertEqual((status, len(json.loads(body)["id"]), self.message()), (200, 36, "hello"))
        self.assertEqual(json.loads(self.ask("events", body={"n": 2})[2])["FailedEntryCount"], 0)
        self.assertEqual(self.ask("events", body={"m": "x"})[0], 200)
        self.assertEqual(json.loads(self.message())["detail"], {"m": "x"})


if __name__ == "__main__":
    unittest.main()
