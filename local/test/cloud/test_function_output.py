import os
import unittest

from cloud.function_output import FunctionOutput


def framed(text):
    data = text.encode()
    return b"\xa5\x5a\x00\x03" + len(data).to_bytes(4, "big") + (1_700_000_000_000_000).to_bytes(8, "big") + data


class FunctionOutputTest(unittest.TestCase):
    def setUp(self):
        self.output = FunctionOutput()
        self.addCleanup(self.output.close)

    def lines_of(self, *writes):
        for data in writes:
            os.write(self.output.writer, data)
        return [text for _time, text in self.output.take()]

    def test_keeps_the_order_of_lines_and_messages(self):
        self.assertEqual(self.lines_of(b"one\n", framed("two\nlines\n"), b"three\n\n", framed("four")), ["one", "two\nlines", "three", "four"])

    def test_ends_a_line_where_a_message_begins(self):
        self.assertEqual(self.lines_of(b"no end", framed("message\n"), b"last"), ["no end", "message", "last"])

    def test_puts_together_what_is_written_in_parts(self):
        data = framed("in parts\n")
        self.assertEqual(self.lines_of(data[:3]), [])
        self.assertEqual(self.lines_of(data[3:18]), [])
        self.assertEqual(self.lines_of(data[18:], b"half"), ["in parts", "half"])

    def test_takes_all_that_was_written_before_and_no_more_after_the_end(self):
        self.output.start()
        os.write(self.output.writer, b"x" * 50_000 + b"\n")
        inherited = os.dup(self.output.writer)
        self.addCleanup(os.close, inherited)
        self.output.close()
        self.assertEqual([len(text) for _time, text in self.output.take()], [50_000])
        self.assertEqual(self.output.take(), [])


if __name__ == "__main__":
    unittest.main()
