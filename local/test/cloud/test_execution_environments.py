import unittest

from cloud.execution_environments import _explain
from cloud.invocation import FunctionError


class ExplainTest(unittest.TestCase):
    def test_names_a_missing_package_of_the_runtime_once(self):
        error = FunctionError("Runtime.ImportModuleError", "Error: Cannot find module '@aws-sdk/client-xyz/commands'\nRequire stack:\n- /var/task/index.js")
        with self.assertLogs("cdk_traced.runtimes", "WARNING") as logs:
            for _attempt in range(3):
                _explain(error, {"FunctionName": "fn", "Runtime": "nodejs22.x"})
        self.assertEqual([record.getMessage() for record in logs.records], [
            "fn needs @aws-sdk/client-xyz, which is part of Lambda's runtime but not installed here: npm install --save-dev @aws-sdk/client-xyz"])

    def test_says_nothing_of_packages_that_a_function_has_to_bring(self):
        with self.assertNoLogs("cdk_traced.runtimes", "WARNING"):
            _explain(FunctionError("Runtime.ImportModuleError", "Error: Cannot find module 'left-pad'"), {"FunctionName": "fn", "Runtime": "nodejs22.x"})


if __name__ == "__main__":
    unittest.main()
