"""When the messages of a queue make a batch, and the batches and windows of maps and streams."""
import unittest

from cloud.distributed_maps import batches
from cloud.queue_batches import is_due
from cloud.stream_event_sources import window_start


def messages(*visible_at, body="x"):
    return [{"visible_at": at, "body": body} for at in visible_at]


class QueueBatchesTest(unittest.TestCase):
    def test_a_batch_waits_until_it_is_full_or_old_or_large(self):
        for found, due in ((messages(99.0), False), (messages(99.0, 99.5), True), (messages(89.9), True), (messages(99.0, 120.0), False),
                           (messages(99.0, body="x" * (7 * 1024 * 1024)), True), ([], True)):
            with self.subTest(found=len(found)):
                self.assertEqual(is_due(found, batch_size=2, window=10, now=100.0), due)

    def test_items_of_a_map_are_batched_by_number_and_by_size(self):
        self.assertEqual([batch["Items"] for batch in batches([1, 2, 3], 2, 0, None)], [[1, 2], [3]])
        self.assertEqual([batch["Items"] for batch in batches(["aaaa", "bbbb", "c"], 0, 14, None)], [["aaaa", "bbbb"], ["c"]])
        self.assertEqual(batches([1], 5, 0, {"of": "all"}), [{"BatchInput": {"of": "all"}, "Items": [1]}])
        self.assertEqual(batches([], 5, 0, None), [])

    def test_windows_follow_each_other(self):
        self.assertEqual([window_start(at, 30) for at in (0.0, 29.9, 30.0, 61.5)], [0.0, 0.0, 30.0, 60.0])


if __name__ == "__main__":
    unittest.main()
