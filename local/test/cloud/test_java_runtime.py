"""The parts of Java functions that need no Java."""
import tempfile
import unittest
from pathlib import Path

from cloud.function_files import FunctionFiles
from cloud.java_runtime import _released_version, copy_layer_jars, frames_of


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


class LayerJarsTest(unittest.TestCase):
    def test_come_after_the_functions_own_where_there_is_no_opt(self):
        with tempfile.TemporaryDirectory() as folder:
            files = FunctionFiles(Path(folder))
            files.make_folders()
            (files.opt / "java" / "lib" / "inner").mkdir(parents=True)
            (files.task / "lib").mkdir()
            (files.task / "lib" / "own.jar").write_bytes(b"own")
            (files.opt / "java" / "lib" / "a.jar").write_bytes(b"of the layer")
            (files.opt / "java" / "lib" / "inner" / "b.jar").write_bytes(b"where Lambda does not look")
            copy_layer_jars(files)
            self.assertEqual(sorted(file.name for file in (files.task / "lib").iterdir()), ["own.jar", "~a.jar"])


class HomesTest(unittest.TestCase):
    def test_a_jdk_tells_its_version_by_its_file(self):
        with tempfile.TemporaryDirectory() as folder:
            for text, version in (('IMPLEMENTOR="x"\nJAVA_VERSION="21.0.4"\n', 21), ('JAVA_VERSION="1.8.0_402"\n', 8), ("", 0)):
                Path(folder, "release").write_text(text)
                self.assertEqual(_released_version(Path(folder)), version)
            self.assertEqual(_released_version(Path(folder, "nowhere")), 0)


if __name__ == "__main__":
    unittest.main()
