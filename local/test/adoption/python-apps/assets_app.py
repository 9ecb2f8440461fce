"""An app in Python with functions of its own code. The names of what they use come from the context."""

import json
from pathlib import Path

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from cdk_traced_function import TracedFunctions

HERE = Path(__file__).parent
app = App()
TracedFunctions.everywhere(app)

stack = Stack(app, "python-assets")
variables = json.loads(app.node.try_get_context("variables"))
options = {"runtime": lambda_.Runtime.PYTHON_3_13, "environment": variables, "memory_size": 512, "timeout": Duration.seconds(60)}
lambda_.Function(
    stack, "Asset", function_name="from-python-asset", handler="app.handler",
    code=lambda_.Code.from_asset(str(HERE.parent / "handlers" / "python")), **options,
)
lambda_.Function(
    stack, "Inline", function_name="from-python-inline", handler="index.handler",
    code=lambda_.Code.from_inline((HERE.parent / "handlers" / "python" / "app.py").read_text()), **options,
)
app.synth()
