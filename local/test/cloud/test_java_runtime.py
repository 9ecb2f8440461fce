"""The parts of Java functions that need no Java."""
import io
import tempfile
import unittest
import zipfile
from pathlib import Path

from cloud.java_runtime import _task_root, frames_of


class FramesTest(unittest.TestCase):
    def test_are_xrays_frames_innermost_first(self):
        self.assertEqual(frames_of(["uptime.CheckUptime.handleRequest(CheckUptime.java:70)", "java.base/java.lang.Thread.run(Thread.java:840)"]), [
            {"path": "CheckUptime.java", "line": 70, "label": "handleRequest"}, {"path": "Thread.java", "line": 840, "label": "run"},
        ])

    def test_may_have_no_line(self):
        self.assertEqual(frames_of(["a.B.<init>(Unknown Source)", "a.B.c(Native Method)"]), [
            {"path": "Unknown Source", "line": 0, "label": "<init>"}, {"path": "Native Method", "line": 0, "label": "c"},
        ])

    def test_of_another_language_are_none(self):
        self.assertEqual(frames_of(["  File \"/var/task/app.py\", line 5, in handler\n", {"path": "main.go", "line": 7}]), [])


class TaskRootTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.code = Path(folder.name, "code")
        (self.code / "lib").mkdir(parents=True)
        (self.code / "lib" / "own.jar").write_bytes(b"own")

    def test_without_layers_is_the_code_with_a_bootstrap(self):
        root = _task_root(self.code, [], "#!/bin/sh\n")
        self.assertEqual(root, self.code)
        self.assertTrue((root / "bootstrap").stat().st_mode & 0o100)

    def test_has_the_jars_of_layers_after_the_functions_own(self):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as layer:
            layer.writestr("java/lib/a.jar", "of the layer")
            layer.writestr("java/lib/inner/b.jar", "where Lambda does not look")
            layer.writestr("python/c.py", "")
        for _start in range(2):
            root = _task_root(self.code, [data.getvalue()], "#!/bin/sh\n")
            self.assertEqual(sorted(file.name for file in (root / "lib").iterdir()), ["own.jar", "~0-a.jar"])
        self.assertFalse((self.code / "bootstrap").exists())

    def test_gets_a_new_bootstrap_when_java_has_moved(self):
        _task_root(self.code, [], "#!/bin/sh\nold\n")
        self.assertEqual((_task_root(self.code, [], "#!/bin/sh\nnew\n") / "bootstrap").read_text(), "#!/bin/sh\nnew\n")


if __name__ == "__main__":
    unittest.main()
