import unittest

from cloud.log_filter_patterns import compile_pattern

MESSAGES = {
    "error": "[ERROR 400] BAD REQUEST",
    "warning": "[WARN] disk is nearly full",
    "timeout": "Task timed out after 3.00 seconds",
    "quoted": 'said "no" to it',
    "lower": "error in lower case",
}


class CompilePatternTest(unittest.TestCase):
    def test_matches_as_the_guide_says(self):
        for pattern, expected in {
            "": set(MESSAGES),
            "ERROR": {"error"},
            "ERROR BAD": {"error"},
            "ERROR WARN": set(),
            '"BAD REQUEST"': {"error"},
            '"REQUEST BAD"': set(),
            '?ERROR ?"Task timed out"': {"error", "timeout"},
            '?"ERROR" ?"WARN"': {"error", "warning"},
            "-ERROR": set(MESSAGES) - {"error"},
            '-ERROR -"timed out"': set(MESSAGES) - {"error", "timeout"},
            "ERROR -BAD": set(),
            "ERROR ?WARN": {"error"},
            r'"\"no\""': {"quoted"},
            "%[Ee][Rr]{2}[Oo][Rr]%": {"error", "lower"},
            r"%\d\.\d+ seconds%": {"timeout"},
        }.items():
            with self.subTest(pattern):
                matches = compile_pattern(pattern)
                self.assertEqual({name for name, message in MESSAGES.items() if matches(message)}, expected)

    def test_leaves_structured_patterns_to_others(self):
        for pattern in ('{ $.level = "ERROR" }', " [ip, user, ...]"):
            self.assertIsNone(compile_pattern(pattern))


if __name__ == "__main__":
    unittest.main()
