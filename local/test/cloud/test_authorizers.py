"""Authorizers of HTTP APIs and REST APIs that look at a token of Cognito."""
import json
import unittest

from cloud_process import CloudProcess, python_function, request

ECHO = """
import json
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event["requestContext"].get("authorizer"))}
"""
FUNCTION_ARN = {"Fn::GetAtt": ["Function", "Arn"]}
POOL_ID = {"Ref": "Pool"}


def invocation_uri(arn):
    return {"Fn::Join": ["", ["arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/", arn, "/invocations"]]}


TEMPLATE = {"Resources": {
    "Function": python_function("inside", ECHO),
    "Pool": {"Type": "AWS::Cognito::UserPool", "Properties": {"UserPoolName": "people"}},
    "Client": {"Type": "AWS::Cognito::UserPoolClient", "Properties": {"UserPoolId": POOL_ID, "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]}},
    "Stranger": {"Type": "AWS::Cognito::UserPoolClient", "Properties": {"UserPoolId": POOL_ID, "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]}},

    "Http": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "http", "ProtocolType": "HTTP"}},
    "HttpStage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {"ApiId": {"Ref": "Http"}, "StageName": "$default", "AutoDeploy": True}},
    "HttpAuthorizer": {"Type": "AWS::ApiGatewayV2::Authorizer", "Properties": {
        "ApiId": {"Ref": "Http"}, "AuthorizerType": "JWT", "Name": "jwt", "IdentitySource": ["$request.header.Authorization"],
        "JwtConfiguration": {"Audience": [{"Ref": "Client"}], "Issuer": {"Fn::Sub": "https://cognito-idp.us-east-1.amazonaws.com/${Pool}"}}}},
    "HttpIntegration": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {
        "ApiId": {"Ref": "Http"}, "IntegrationType": "AWS_PROXY", "IntegrationUri": FUNCTION_ARN, "PayloadFormatVersion": "2.0"}},
    "HttpRoute": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {
        "ApiId": {"Ref": "Http"}, "RouteKey": "GET /p", "AuthorizationType": "JWT", "AuthorizerId": {"Ref": "HttpAuthorizer"},
        "Target": {"Fn::Join": ["/", ["integrations", {"Ref": "HttpIntegration"}]]}}},

    "Rest": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "rest"}},
    "RestAuthorizer": {"Type": "AWS::ApiGateway::Authorizer", "Properties": {
        "RestApiId": {"Ref": "Rest"}, "Name": "cognito", "Type": "COGNITO_USER_POOLS", "IdentitySource": "method.request.header.Authorization",
        "ProviderARNs": [{"Fn::GetAtt": ["Pool", "Arn"]}]}},
    "RestMethod": {"Type": "AWS::ApiGateway::Method", "Properties": {
        "RestApiId": {"Ref": "Rest"}, "ResourceId": {"Fn::GetAtt": ["Rest", "RootResourceId"]}, "HttpMethod": "GET",
        "AuthorizationType": "COGNITO_USER_POOLS", "AuthorizerId": {"Ref": "RestAuthorizer"},
        "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": invocation_uri(FUNCTION_ARN)}}},
    "RestDeployment": {"Type": "AWS::ApiGateway::Deployment", "DependsOn": "RestMethod", "Properties": {"RestApiId": {"Ref": "Rest"}}},
    "RestStage": {"Type": "AWS::ApiGateway::Stage", "Properties": {
        "RestApiId": {"Ref": "Rest"}, "DeploymentId": {"Ref": "RestDeployment"}, "StageName": "prod"}},
}, "Outputs": {
    "Client": {"Value": {"Ref": "Client"}}, "Stranger": {"Value": {"Ref": "Stranger"}}, "Pool": {"Value": POOL_ID},
    "Http": {"Value": {"Fn::GetAtt": ["Http", "ApiEndpoint"]}},
    "Rest": {"Value": {"Fn::Sub": "https://${Rest}.execute-api.us-east-1.amazonaws.com/prod/"}},
}}


class AuthorizersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cloud = CloudProcess()
        cls.addClassCleanup(cls.cloud.close)
        cls.outputs = outputs = cls.cloud.deploy("Authorizers", TEMPLATE)
        cognito = cls.cloud.client("cognito-idp")
        cognito.admin_create_user(UserPoolId=outputs["Pool"], Username="ann", UserAttributes=[{"Name": "email", "Value": "ann@example.com"}])
        cognito.admin_set_user_password(UserPoolId=outputs["Pool"], Username="ann", Password="Passw0rd!x", Permanent=True)
        cls.tokens = {name: cognito.initiate_auth(ClientId=outputs[name], AuthFlow="USER_PASSWORD_AUTH",
                                                  AuthParameters={"USERNAME": "ann", "PASSWORD": "Passw0rd!x"})["AuthenticationResult"]
                      for name in ("Client", "Stranger")}

    def ask(self, url, token=None):
        return request(url, headers={"Authorization": token} if token else {})

    def test_an_http_api_lets_in_who_has_a_token_of_its_audience(self):
        url = self.outputs["Http"].rstrip("/") + "/p"
        status, _headers, body = self.ask(url, self.tokens["Client"]["IdToken"])
        self.assertEqual(status, 200, body)
        claims = json.loads(body)["jwt"]["claims"]
        self.assertEqual((claims["email"], claims["aud"]), ("ann@example.com", self.outputs["Client"]))
        self.assertEqual(self.ask(url, "Bearer " + self.tokens["Client"]["AccessToken"])[0], 200)

    def test_an_http_api_refuses_all_others(self):
        url = self.outputs["Http"].rstrip("/") + "/p"
        header, payload, signature = self.tokens["Client"]["IdToken"].split(".")
        for token in (None, self.tokens["Stranger"]["IdToken"], "x.y.z", f"{header}.{payload}.{signature[:-8]}AAAAAAAA", f"{header}.{payload}."):
            status, _headers, body = self.ask(url, token)
            self.assertEqual((status, json.loads(body)), (401, {"message": "Unauthorized"}), token)

    def test_a_rest_api_lets_in_who_has_an_id_token_of_its_pool(self):
        status, _headers, body = self.ask(self.outputs["Rest"], self.tokens["Client"]["IdToken"])
        self.assertEqual(status, 200, body)
        self.assertEqual(json.loads(body)["claims"]["email"], "ann@example.com")
        for token in (None, "x.y.z", self.tokens["Client"]["IdToken"][:-8] + "AAAAAAAA"):
            self.assertEqual(self.ask(self.outputs["Rest"], token)[0], 401, token)


if __name__ == "__main__":
    unittest.main()
