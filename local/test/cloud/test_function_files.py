"""Functions on disk, and the mounts that show them to their processes as Lambda does."""
import io
import os
import stat
import subprocess
import tempfile
import unittest
import zipfile
from pathlib import Path

from cloud import mount_namespace
from cloud.function_files import BadArchive, FunctionFiles, FunctionStore, link_node_modules


def archive(**files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as content:
        for name, (text, mode) in files.items():
            member = zipfile.ZipInfo(name.replace("_up_", "..").replace("__", "/"))
            member.external_attr = mode << 16
            content.writestr(member, text)
    return data.getvalue()


class FilesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.store = FunctionStore(self.folder / "functions")

    def test_have_the_permissions_and_links_of_the_archive(self):
        code = archive(bootstrap=("#!/bin/sh\n", stat.S_IFREG | 0o700), link=("bootstrap", stat.S_IFLNK | 0o777), plain=("x", 0))
        files = self.store.acquire("fn", code, [])
        self.assertEqual(stat.S_IMODE((files.task / "bootstrap").stat().st_mode), 0o744)
        self.assertEqual(os.readlink(files.task / "link"), "bootstrap")
        self.assertEqual(stat.S_IMODE((files.task / "plain").stat().st_mode), 0o644)

    def test_are_unpacked_once_and_go_when_nobody_uses_them_and_there_is_new_code(self):
        first = self.store.acquire("fn", archive(a=("1", 0)), [])
        (first.task / "mark").touch()
        self.assertTrue((self.store.acquire("fn", archive(a=("1", 0)), []).task / "mark").exists())
        self.store.release(first)
        self.store.acquire("fn", archive(a=("2", 0)), [])
        self.assertTrue(first.folder.exists())
        self.store.release(first)
        self.store.acquire("fn", archive(a=("3", 0)), [])
        self.assertFalse(first.folder.exists())

    def test_lay_one_layer_over_the_other(self):
        layers = [archive(same=("first", 0), extensions__run=("", 0o755)), archive(same=("second", 0))]
        files = self.store.acquire("fn", archive(a=("", 0)), layers)
        self.assertEqual((files.opt / "same").read_text(), "second")
        self.assertEqual(files.extensions(), ["run"])

    def test_cannot_leave_their_folder(self):
        with self.assertRaisesRegex(BadArchive, r"the code of fn has a file outside of its folder: \.\./evil"):
            self.store.acquire("fn", archive(_up___evil=("", 0)), [])

    def test_know_whether_the_code_answers_cloudformation(self):
        self.assertTrue(self.store.acquire("one", archive(a=("x(event.ResponseURL)", 0)), []).answers_cloudformation)
        self.assertFalse(self.store.acquire("other", archive(a=("x", 0)), []).answers_cloudformation)

    def test_link_packages_of_a_scope_that_two_have_one_by_one(self):
        files = FunctionFiles(self.folder / "f")
        files.make_folders()
        for package in ("layer/@scope/a", "runtime/@scope/a", "runtime/@scope/b", "runtime/@other/c", "layer/own"):
            (self.folder / package).mkdir(parents=True)
        link_node_modules(files, [(self.folder / "layer", Path("/opt/l")), (self.folder / "runtime", Path("/var/r"))])
        links = {str(link.relative_to(files.var / "node_modules")): os.readlink(link) for link in sorted((files.var / "node_modules").rglob("*")) if link.is_symlink()}
        self.assertEqual(links, {"@other": "/var/r/@other", "@scope/a": "/opt/l/@scope/a", "@scope/b": "/var/r/@scope/b", "own": "/opt/l/own"})


class NamespaceTest(unittest.TestCase):
    @unittest.skipUnless(mount_namespace.is_available(), "this system has no unprivileged mount namespaces")
    def test_shows_the_folders_and_what_is_needed_besides(self):
        with tempfile.TemporaryDirectory(prefix="with space ", dir="/tmp") as name:
            folder = Path(name)
            files = FunctionFiles(folder / "files")
            files.make_folders()
            (files.task / "code").write_text("")
            (folder / "needed").mkdir()
            (folder / "needed" / "tool").write_text("")
            (folder / "temporary").mkdir()
            table = mount_namespace.write_table(folder / "fstab", files, None, folder / "temporary", [folder / "needed"])
            script = 'pwd; ls /var/task; ls -d /opt/*; ls "$1"; touch /tmp/written; touch /var/task/x'
            done = subprocess.run([*mount_namespace.command(table), "/bin/sh", "-c", script, "sh", str(folder / "needed")],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.stdout.split(), ["/var/task", "code", "tool"])
            self.assertIn("Read-only file system", done.stderr)
            self.assertTrue((folder / "temporary" / "written").exists())
            self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    unittest.main()
