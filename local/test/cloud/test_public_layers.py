"""Public layers: which are known, and what becomes of the others."""
import io
import os
import shutil
import tempfile
import unittest
import zipfile
from pathlib import Path

os.environ.setdefault("GATEWAY_PORT", "0")

import ministack.app  # noqa: F401 - its settings have to stand before
from ministack.services import lambda_svc

from cloud import lambda_runtimes, public_layers, traced_cloud

PREFIX = "arn:aws:lambda:us-east-1:"
POWERTOOLS = PREFIX + "094274105915:layer:AWSLambdaPowertoolsTypeScriptV2:20"


class PublicLayersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        traced_cloud.install_all()

    def setUp(self):
        folder = tempfile.mkdtemp(prefix="cdk-traced-test-")
        self.addCleanup(shutil.rmtree, folder)
        self.addCleanup(os.environ.pop, "CDK_TRACED_RUNTIMES", None)
        os.environ["CDK_TRACED_RUNTIMES"] = folder
        self.folder = Path(folder)

    def test_knows_the_layers_whose_content_registries_have(self):
        for name, language, first in (
            ("017000801446:layer:AWSLambdaPowertoolsPythonV3-python313-x86_64:7", "python", "aws-lambda-powertools[all]>=3,<4"),
            ("017000801446:layer:AWSLambdaPowertoolsPythonV2-Arm64:60", "python", "aws-lambda-powertools[all]>=2,<3"),
            ("094274105915:layer:AWSLambdaPowertoolsTypeScriptV2:20", "nodejs", "@aws-lambda-powertools/batch@^2"),
            ("336392948345:layer:AWSSDKPandas-Python312:14", "python", "awswrangler>=3,<4"),
        ):
            with self.subTest(name):
                found = public_layers.content_of(PREFIX + name)
                self.assertEqual((found[0], found[1][0]), (language, first))
        for name in ("123456789012:layer:AWSLambdaPowertoolsPythonV3-python313-x86_64:7", "017000801446:layer:Other:1", "nonsense"):
            with self.subTest(name):
                self.assertIsNone(public_layers.content_of(PREFIX + name))

    def test_a_layer_that_was_made_is_taken_as_it_is(self):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as content:
            content.writestr("nodejs/node_modules/x/index.js", "")
        (self.folder / "layer-AWSLambdaPowertoolsTypeScriptV2.zip").write_bytes(archive.getvalue())
        attached, error = lambda_svc._normalize_layer_attachments([POWERTOOLS])
        self.assertIsNone(error)
        self.assertEqual(public_layers.archives_of({"Layers": attached, "Runtime": "nodejs22.x"}), [archive.getvalue()])

    def test_another_one_is_left_out_and_told_of(self):
        arn = PREFIX + "123456789012:layer:theirs:3"
        with self.assertLogs(lambda_runtimes.logger, "WARNING") as logs:
            attached, error = lambda_svc._normalize_layer_attachments([arn])
        self.assertIsNone(error)
        self.assertIn(arn, logs.output[0])
        self.assertEqual(public_layers.archives_of({"Layers": attached, "Runtime": "nodejs22.x"}), [])


if __name__ == "__main__":
    unittest.main()
