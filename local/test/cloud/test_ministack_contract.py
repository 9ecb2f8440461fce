"""The functions of ministack that the local cloud replaces are as it expects them."""
import types
import unittest

from cloud import traced_cloud
from cloud.wrapping import MINISTACK_VERSION, MinistackChanged, parameters_of, wrap


class MinistackContractTest(unittest.TestCase):
    def test_everything_fits_the_installed_version(self):
        import importlib.metadata

        self.assertEqual(importlib.metadata.version("ministack"), MINISTACK_VERSION)
        traced_cloud.install_all()

    def test_the_requirements_pin_the_same_version(self):
        from pathlib import Path

        requirements = (Path(traced_cloud.__file__).parent / "requirements.txt").read_text()
        self.assertIn(f"ministack=={MINISTACK_VERSION} ", requirements)


class WrapTest(unittest.TestCase):
    def setUp(self):
        self.module = types.SimpleNamespace(__name__="some_module", double=lambda number, factor=2: number * factor)

    def test_puts_the_replacement_in_front_of_the_original(self):
        wrap(self.module, "double", "(number, factor=2)")(lambda original, number: original(number) + 1)
        self.assertEqual(self.module.double(4), 9)

    def test_fails_with_the_functions_name_where_it_takes_something_else(self):
        with self.assertRaisesRegex(MinistackChanged, r"some_module\.double takes \(number, factor=2\), this code expects \(number\)"):
            wrap(self.module, "double", "(number)")

    def test_fails_with_the_functions_name_where_it_is_gone(self):
        with self.assertRaisesRegex(MinistackChanged, r"no some_module\.triple"):
            wrap(self.module, "triple", "(number)")

    def test_compares_names_and_defaults_and_no_annotations(self):
        def function(a: int, *, b: str | None = None) -> None: ...
        self.assertEqual(parameters_of(function), "(a, *, b=None)")


if __name__ == "__main__":
    unittest.main()
