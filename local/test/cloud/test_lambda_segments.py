import unittest

from cloud.invocation import Attempt, FunctionError, Invocation, TraceLink
from cloud.lambda_segments import cause, function_segment, service_segment
from cloud.trace_header import TraceHeader

TRACE = "1-5759e988-bd862e3fe1be46a994272793"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


def invocation(asynchronous, **values):
    return Invocation(function_name="f", function_arn=ARN, account_id="000000000000", request_id="r", asynchronous=asynchronous,
                      received=100.0, responded=100.5, header=TraceHeader(TRACE, "53995c3f42cd8ad8", True), **values)


def attempt(number=1, error=None, **values):
    return Attempt(number=number, started=101.0, executed=True, handler_started=101.5, handler_ended=102.0, environment_ready=102.25,
                   ended=103.0, error=error, **values)


class ServiceSegmentTest(unittest.TestCase):
    def test_of_a_synchronous_call_is_the_whole_time_and_nothing_more(self):
        call = invocation(False, attempts=[attempt()])
        self.assertEqual(service_segment(call), {
            "id": call.segment_id, "name": "f", "start_time": 100.0, "end_time": 100.5, "trace_id": TRACE, "parent_id": "53995c3f42cd8ad8",
            "http": {"response": {"status": 200}}, "aws": {"request_id": "r"}, "origin": "AWS::Lambda", "resource_arn": ARN,
        })

    def test_of_an_asynchronous_call_has_dwell_time_and_attempts(self):
        call = invocation(True, attempts=[attempt(1, FunctionError("E", "m")), attempt(2)])
        document = service_segment(call)
        self.assertEqual(document["http"], {"response": {"status": 202}})
        self.assertEqual([(s["name"], s["start_time"], s["end_time"], s.get("fault")) for s in document["subsegments"]], [
            ("Dwell Time", 100.0, 101.0, None), ("Attempt #1", 101.0, 103.0, True), ("Attempt #2", 101.0, 103.0, None)])
        self.assertEqual([s["id"] for s in document["subsegments"][1:]], [a.subsegment_id for a in call.attempts])
        self.assertNotIn("fault", document)

    def test_keeps_all_ids_when_it_is_sent_again(self):
        call = invocation(True, attempts=[attempt()])
        self.assertEqual(service_segment(call), service_segment(call))

    def test_shows_a_throttled_call(self):
        document = service_segment(invocation(False, throttled=True))
        self.assertEqual((document["http"]["response"]["status"], document["error"], document["throttle"]), (429, True, True))

    def test_shows_the_senders_of_messages_as_links(self):
        document = service_segment(invocation(False, links=[TraceLink("1-a", "b")]))
        self.assertEqual(document["links"], [{"trace_id": "1-a", "id": "b", "attributes": {"ReferenceType": "parent"}}])

    def test_is_a_root_without_a_caller(self):
        call = invocation(False)
        call.header = TraceHeader(TRACE, None, True)
        self.assertNotIn("parent_id", service_segment(call))


class FunctionSegmentTest(unittest.TestCase):
    def test_is_below_the_service_or_its_attempt(self):
        for asynchronous in (False, True):
            call, run = invocation(asynchronous), attempt()
            self.assertEqual(function_segment(call, run)["parent_id"], run.subsegment_id if asynchronous else call.segment_id)

    def test_has_its_parts_one_after_the_other(self):
        run = attempt(initialization=(101.0, 101.25))
        document = function_segment(invocation(False), run)
        self.assertEqual((document["id"], document["start_time"], document["end_time"]), (run.function_segment_id, 101.5, 102.25))
        self.assertEqual([(s["name"], s["start_time"], s["end_time"]) for s in document["subsegments"]], [
            ("Initialization", 101.0, 101.25), ("Invocation", 101.5, 102.0), ("Overhead", 102.0, 102.25)])
        self.assertEqual({s["aws"]["function_arn"] for s in document["subsegments"]}, {ARN})

    def test_of_a_handler_that_never_answered_begins_after_the_initialization(self):
        run = attempt(initialization=(101.0, 101.25))
        run.handler_started = run.handler_ended = run.environment_ready = None
        run.ended = 104.25
        parts = function_segment(invocation(False), run)["subsegments"]
        self.assertEqual([(s["name"], s["start_time"], s["end_time"]) for s in parts[:2]], [
            ("Initialization", 101.0, 101.25), ("Invocation", 101.25, 104.25)])

    def test_never_ends_before_it_starts(self):
        run = attempt()
        run.environment_ready = 101.9  # another process's clock
        document = function_segment(invocation(False), run)
        for part in [document, *document["subsegments"]]:
            self.assertLessEqual(part["start_time"], part["end_time"])

    def test_describes_the_exception(self):
        stack = [{"path": "/var/task/app.py", "line": 1, "label": "handler"}]
        document = function_segment(invocation(False), attempt(error=FunctionError("KeyError", "'x'", stack)))
        [exception] = document["cause"]["exceptions"]
        self.assertTrue(document["fault"])
        self.assertEqual((exception["type"], exception["message"], exception["stack"]), ("KeyError", "'x'", stack))
        self.assertEqual(document["subsegments"][0]["cause"], exception["id"])

    def test_fits_into_a_datagram_whatever_the_exception(self):
        [exception] = cause(FunctionError("E", "m" * 100_000, [{"path": "p", "line": n, "label": "l"} for n in range(1000)]))["exceptions"]
        self.assertEqual((len(exception["message"]), len(exception["stack"]), exception["truncated"]), (2048, 50, 950))


class FunctionHeaderTest(unittest.TestCase):
    def test_makes_the_functions_segment_the_parent(self):
        call, run = invocation(False), attempt()
        header = call.function_header(run)
        self.assertEqual((header.trace_id, header.parent_id, header.sampled), (TRACE, run.function_segment_id, True))

    def test_counts_the_functions_on_the_way(self):
        call = invocation(False)
        call.header = TraceHeader(TRACE, None, True, "1:aaaaaaaa:4")
        self.assertEqual(call.function_header(attempt()).invoke_depth(), 5)

    def test_keeps_the_callers_parent_where_nothing_is_recorded(self):
        call = invocation(False)
        call.header = TraceHeader(TRACE, "53995c3f42cd8ad8", False)
        self.assertEqual((call.function_header(attempt()).parent_id, call.function_header(attempt()).sampled), ("53995c3f42cd8ad8", False))


if __name__ == "__main__":
    unittest.main()
