"""What happens to the batches of a stream, without a stream."""
import unittest

from cloud.stream_batches import RETRIES_EXHAUSTED, TOO_OLD, BatchRunner, Outcome, StreamRecord, StreamSettings, lanes


def records(names, arrived=0.0):
    return [StreamRecord({"name": name}, name, name, arrived, index + 1) for index, name in enumerate(names)]


class World:
    """A function that fails on some records, and what it and the destination got."""

    def __init__(self, settings, bad="", fails_times=None, payload=None, throttles=0, clock=0.0):
        self.settings, self.bad, self.left, self.payload, self.throttles, self.now = settings, bad, fails_times, payload, throttles, clock
        self.invocations, self.discarded, self.waits = [], [], []
        self.runner = BatchRunner(lambda: self.settings, self.invoke, self.give_up, self.waits.append, lambda: self.now)

    def invoke(self, batch):
        names = "".join(record.sequence_number for record in batch)
        if self.throttles:
            self.throttles -= 1
            return Outcome(failed=True, throttled=True)
        self.invocations.append(names)
        if self.left is not None and self.left <= 0:
            return Outcome()
        failed = any(name in self.bad for name in names)
        if failed and self.left is not None:
            self.left -= 1
        return Outcome(failed=failed and self.payload is None, payload=self.payload(names) if self.payload else None)

    def give_up(self, batch, condition, invocations):
        self.discarded.append(("".join(record.sequence_number for record in batch), condition, invocations))

    def run(self, names, arrived=0.0):
        self.runner.run(records(names, arrived))
        return self.invocations


class BatchRunnerTest(unittest.TestCase):
    def test_batches_are_handled_in_order(self):
        self.assertEqual(World(StreamSettings(batch_size=2)).run("abcde"), ["ab", "cd", "e"])

    def test_a_batch_is_retried_until_it_succeeds_where_no_limit_is_set(self):
        world = World(StreamSettings(batch_size=2), bad="b", fails_times=4)
        self.assertEqual(world.run("abc"), ["ab"] * 5 + ["c"])
        self.assertEqual((world.discarded, world.waits), ([], [1, 2, 3, 4]))

    def test_a_batch_is_discarded_after_its_retries(self):
        for retries in (0, 1, 3):
            world = World(StreamSettings(batch_size=2, retries=retries), bad="b")
            self.assertEqual(world.run("abc"), ["ab"] * (retries + 1) + ["c"])
            self.assertEqual(world.discarded, [("ab", RETRIES_EXHAUSTED, retries + 1)])

    def test_bisection_isolates_the_record_that_fails_and_uses_up_no_retries(self):
        world = World(StreamSettings(batch_size=8, retries=1, bisects=True), bad="f")
        self.assertEqual(world.run("abcdefgh"), ["abcdefgh", "abcd", "efgh", "ef", "e", "f", "f", "gh"])
        self.assertEqual(world.discarded, [("f", RETRIES_EXHAUSTED, 2)])

    def test_records_that_are_too_old_are_discarded_unseen(self):
        world = World(StreamSettings(max_age=60), clock=100)
        self.assertEqual(world.run("ab", arrived=10), [])
        self.assertEqual(world.discarded, [("ab", TOO_OLD, 0)])
        self.assertEqual(world.run("cd", arrived=50), ["cd"])

    def test_throttling_is_no_attempt(self):
        world = World(StreamSettings(retries=0), throttles=3)
        self.assertEqual(world.run("a"), ["a"])
        self.assertEqual(world.discarded, [])

    def test_only_what_a_function_reports_is_handled_again(self):
        reported = {"abcd": "c", "cd": ""}
        world = World(StreamSettings(reports_items=True, retries=2), payload=lambda names: {
            "batchItemFailures": [{"itemIdentifier": i} for i in reported[names]]})
        self.assertEqual(world.run("abcd"), ["abcd", "cd"])

    def test_a_report_that_names_no_record_counts_as_a_failure_of_all(self):
        for identifier in ("zz", "", None):
            world = World(StreamSettings(reports_items=True, retries=1), payload=lambda _names, i=identifier: {"batchItemFailures": [{"itemIdentifier": i}]})
            self.assertEqual(world.run("ab"), ["ab", "ab"])
            self.assertEqual(world.discarded, [("ab", RETRIES_EXHAUSTED, 2)])

    def test_reports_are_not_looked_at_unless_the_mapping_says_so(self):
        self.assertEqual(World(StreamSettings(), payload=lambda _n: {"batchItemFailures": [{"itemIdentifier": "a"}]}).run("a"), ["a"])

    def test_a_mapping_that_is_deleted_ends_the_work(self):
        world = World(StreamSettings(), bad="a")
        world.runner.wait = lambda _failures: setattr(world, "settings", None)
        self.assertEqual(world.run("ab"), ["ab"])


class SettingsTest(unittest.TestCase):
    def test_are_those_of_the_mapping_with_minus_one_for_no_limit(self):
        self.assertEqual(StreamSettings.of({}), StreamSettings())
        self.assertEqual(
            StreamSettings.of({"BatchSize": "5", "MaximumRetryAttempts": 0, "MaximumRecordAgeInSeconds": -1, "BisectBatchOnFunctionError": "true",
                               "ParallelizationFactor": 3, "FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumBatchingWindowInSeconds": 2}),
            StreamSettings(5, 2.0, 3, 0, None, True, True))


class LanesTest(unittest.TestCase):
    def test_keep_the_records_of_a_key_together_and_in_order(self):
        found = lanes(records("abcabcabc"), 3)
        self.assertEqual(sum(len(lane) for lane in found), 9)
        for key in "abc":
            [positions] = [[r.position for r in lane if r.partition_key == key] for lane in found if any(r.partition_key == key for r in lane)]
            self.assertEqual(positions, sorted(positions))


if __name__ == "__main__":
    unittest.main()
