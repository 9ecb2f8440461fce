"""An app in Python with functions in TypeScript: one that CDK would bundle, and an L1 with code from elsewhere."""

import json
from pathlib import Path

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_nodejs as nodejs
from cdk_traced_function import TracedFunctions

PROJECT = Path(__file__).parents[4]
app = App()
TracedFunctions.everywhere(app)

stack = Stack(app, "python-nodejs")
variables = json.loads(app.node.try_get_context("variables"))
nodejs.NodejsFunction(
    stack, "Nodejs", function_name="from-python-nodejs", entry=str(PROJECT / "local" / "test" / "matrix" / "handlers" / "node" / "calls.ts"),
    runtime=lambda_.Runtime.NODEJS_24_X, deps_lock_file_path=str(PROJECT / "package-lock.json"),
    environment=variables, memory_size=512, timeout=Duration.seconds(60),
)
role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
lambda_.CfnFunction(
    stack, "L1", function_name="from-python-l1", runtime="python3.13", handler="index.handler", role=role.role_arn, timeout=60, memory_size=512,
    code=lambda_.CfnFunction.CodeProperty(zip_file=(PROJECT / "local" / "test" / "adoption" / "handlers" / "python" / "app.py").read_text()),
    environment=lambda_.CfnFunction.EnvironmentProperty(variables=variables),
)
app.synth()
