"""AppSync's resolvers as a template makes them, in the cloud's own process and without functions."""
import json
import os
import unittest

os.environ.setdefault("GATEWAY_PORT", "0")
os.environ["CDK_TRACED_TRACE_ALL"] = "1"

import ministack.app  # noqa: F401 - its settings have to stand before
from ministack.services import appsync
from ministack.services.cloudformation import provisioners

from cloud import appsync_resolvers, traced_cloud
from cloud.trace_context import trace_context
from cloud.trace_header import TraceHeader

SCHEMA = """type Note { id: ID! text: String! version: Int }
type Page { items: [Note!]! nextToken: String }
type Query { note(id: ID!): Note notes(text: String!): [Note!]! some(limit: Int, token: String): Page piped(n: Int!): Int both(a: ID!, b: ID!): [Note] }
type Mutation { save(id: ID!, text: String!): Note remove(id: ID!): Note many(ids: [ID!]!): [ID] }
schema { query: Query mutation: Mutation }"""
ERRORS = "#if($ctx.error)$util.error($ctx.error.message, $ctx.error.type)#end"


class AppSyncResolversTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        traced_cloud.install_all()
        cls.sent = []
        appsync_resolvers.send_segment = cls.sent.append
        cls.api, _attributes = cls.make("GraphQLApi", Name="notes", AuthenticationType="API_KEY")
        cls.make("GraphQLSchema", ApiId=cls.api, Definition=SCHEMA)
        provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]["create"]("Table", {
            "TableName": "notes", "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}, "stack")
        cls.make("DataSource", ApiId=cls.api, Name="Notes", Type="AMAZON_DYNAMODB", DynamoDBConfig={"TableName": "notes", "AwsRegion": "us-east-1"})
        cls.make("DataSource", ApiId=cls.api, Name="None", Type="NONE")
        key = "$util.dynamodb.toDynamoDBJson($ctx.args.id)"
        cls.resolver("Query", "note", '{"version":"2017-02-28","operation":"GetItem","key":{"id":%s}}' % key, "$util.toJson($ctx.result)")
        cls.resolver("Query", "notes", '{"version":"2018-05-29","operation":"Scan","filter":{"expression":"begins_with(#t, :t)","expressionNames":{"#t":"text"},'
                     '"expressionValues":{":t":$util.dynamodb.toDynamoDBJson($ctx.args.text)}}}', ERRORS + "$util.toJson($ctx.result.items)")
        cls.resolver("Query", "some", '{"version":"2018-05-29","operation":"Scan","limit":$util.defaultIfNull($ctx.args.limit, 20),'
                     '"nextToken":$util.toJson($ctx.args.token)}', ERRORS + "$util.toJson($ctx.result)")
        cls.resolver("Query", "both", '{"version":"2018-05-29","operation":"BatchGetItem","tables":{"notes":{"keys":[{"id":{"S":"$ctx.args.a"}},'
                     '{"id":{"S":"$ctx.args.b"}}]}}}', ERRORS + '$util.toJson($ctx.result.data.get("notes"))')
        cls.resolver("Mutation", "save", '#if($ctx.args.text == "")$util.error("a note needs a text", "Refused")#end'
                     '{"version":"2018-05-29","operation":"UpdateItem","key":{"id":%s},"update":{"expression":"SET #t = :t ADD version :one",'
                     '"expressionNames":{"#t":"text"},"expressionValues":{":t":$util.dynamodb.toDynamoDBJson($ctx.args.text),":one":{"N":1}}}}' % key,
                     ERRORS + "$util.toJson($ctx.result)")
        cls.resolver("Mutation", "remove", '{"version":"2018-05-29","operation":"DeleteItem","key":{"id":%s},"condition":{"expression":"attribute_exists(id)"}}'
                     % key, ERRORS + "$util.toJson($ctx.result)")
        cls.resolver("Mutation", "many", '#set($items = [])#foreach($id in $ctx.args.ids)$util.qr($items.add({"table":"notes","operation":"PutItem",'
                     '"key":{"id":$util.dynamodb.toDynamoDB($id)},"attributeValues":{"text":$util.dynamodb.toDynamoDB("one of many")}}))#end'
                     '{"version":"2018-05-29","operation":"TransactWriteItems","transactItems":$util.toJson($items)}',
                     ERRORS + "#set($ids = [])#foreach($key in $ctx.result.keys)$util.qr($ids.add($key.id))#end$util.toJson($ids)")
        _arn, function = cls.make("FunctionConfiguration", ApiId=cls.api, Name="double", DataSourceName="None", FunctionVersion="2018-05-29",
                                  RequestMappingTemplate='#set($n = $util.defaultIfNull($ctx.prev.result, $ctx.args.n) * 2){"payload": $n}',
                                  ResponseMappingTemplate="$util.toJson($ctx.result)")
        cls.make("Resolver", ApiId=cls.api, TypeName="Query", FieldName="piped", Kind="PIPELINE", RequestMappingTemplate="{}",
                 PipelineConfig={"Functions": [function["FunctionId"], function["FunctionId"]]}, ResponseMappingTemplate="$util.toJson($ctx.result)")
        cls.key = json.loads(appsync._create_api_key(cls.api, {})[2])["apiKey"]["id"]

    @staticmethod
    def make(kind, **properties):
        return provisioners._RESOURCE_HANDLERS[f"AWS::AppSync::{kind}"]["create"](kind, properties, "stack")

    @classmethod
    def resolver(cls, type_name, field, request, response):
        cls.make("Resolver", ApiId=cls.api, TypeName=type_name, FieldName=field, Kind="UNIT", DataSourceName="Notes", RequestMappingTemplate=request,
                 ResponseMappingTemplate=response)

    def ask(self, query, **expected):
        answer = json.loads(appsync._execute_graphql(self.api, {"query": query}, {"x-api-key": self.key})[2])
        self.assertEqual(answer.get("errors"), None)
        self.assertEqual(answer["data"], expected)

    def refused(self, query):
        answer = json.loads(appsync._execute_graphql(self.api, {"query": query}, {"x-api-key": self.key})[2])
        return [(error["message"], error["errorType"]) for error in answer["errors"]]

    def test_operations_with_expressions(self):
        self.ask('mutation { save(id: "a", text: "milk") { id } }', save={"id": "a"})
        self.ask('mutation { save(id: "a", text: "milk and bread") { id text version } }', save={"id": "a", "text": "milk and bread", "version": 2})
        self.ask('{ note(id: "a") { text } notes(text: "milk") { id } none: notes(text: "bread") { id } gone: note(id: "x") { id } }',
                 note={"text": "milk and bread"}, notes=[{"id": "a"}], none=[], gone=None)
        self.ask('{ both(a: "none", b: "a") { id } }', both=[None, {"id": "a"}])
        self.ask('mutation { remove(id: "a") { version } }', remove={"version": 2})

    def test_errors_of_templates_and_of_the_table(self):
        self.assertEqual(self.refused('mutation { save(id: "b", text: "") { id } }'), [("a note needs a text", "Refused")])
        self.assertEqual(self.refused('mutation { remove(id: "none") { id } }'),
                         [("The conditional request failed", "DynamoDB:ConditionalCheckFailedException")])

    def test_transactions_and_pages(self):
        self.ask('mutation { many(ids: ["p1", "p2", "p3"]) }', many=["p1", "p2", "p3"])
        first = json.loads(appsync._execute_graphql(self.api, {"query": "{ some(limit: 2) { items { id } nextToken } }"}, {"x-api-key": self.key})[2])["data"]["some"]
        self.assertEqual(len(first["items"]), 2)
        rest = json.loads(appsync._execute_graphql(self.api, {"query": '{ some(token: "%s") { items { id } nextToken } }' % first["nextToken"]},
                                                   {"x-api-key": self.key})[2])["data"]["some"]
        found = {item["id"] for item in first["items"] + rest["items"]}
        self.assertLessEqual({"p1", "p2", "p3"}, found)
        for name in ("p1", "p2", "p3"):
            self.ask('mutation { remove(id: "%s") { id } }' % name, remove={"id": name})

    def test_a_pipeline_hands_its_results_on(self):
        self.ask("{ piped(n: 3) }", piped=12)

    def test_a_request_has_a_segment_with_what_it_calls(self):
        header = TraceHeader.parse("Root=1-5e1b4151-5ac6c58f5b0d7c4cc7eae5f1;Parent=53995c3f42cd8ad8;Sampled=1")
        with trace_context(header):
            self.ask('{ note(id: "none") { id } }', note=None)
        segment = next(document for document in self.sent if document["trace_id"] == header.trace_id)
        self.assertEqual((segment["origin"], segment["name"], segment["parent_id"]), ("AWS::AppSync::GraphQLAPI", "notes", "53995c3f42cd8ad8"))
        [call] = segment["subsegments"]
        self.assertEqual((call["name"], call["namespace"], call["aws"]["operation"], call["aws"]["table_name"]), ("DynamoDB", "aws", "GetItem", "notes"))


if __name__ == "__main__":
    unittest.main()
