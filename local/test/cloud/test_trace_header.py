import unittest

from cloud.invocation import decide
from cloud.message_propagation import batch_header, links_of
from cloud.topic_tracing import publish_header
from cloud.trace_header import TraceHeader, new_segment_id, new_trace_id

TRACE = "1-5759e988-bd862e3fe1be46a994272793"
PARENT = "53995c3f42cd8ad8"


class TraceHeaderTest(unittest.TestCase):
    def test_reads_the_fields_in_any_order(self):
        header = TraceHeader.parse(f"Sampled=1; Parent={PARENT};Lineage=1:a87bd80c:3;Root={TRACE}")
        self.assertEqual(header, TraceHeader(TRACE, PARENT, True, "1:a87bd80c:3"))
        self.assertEqual(header.invoke_depth(), 3)

    def test_writes_what_it_reads(self):
        for text in (f"Root={TRACE};Parent={PARENT};Sampled=1", f"Root={TRACE};Sampled=0", f"Root={TRACE}"):
            self.assertEqual(str(TraceHeader.parse(text)), text)

    def test_leaves_the_decision_open_where_the_header_does(self):
        for text in (f"Root={TRACE}", f"Root={TRACE};Sampled=?", f"Root={TRACE};Sampled="):
            self.assertIsNone(TraceHeader.parse(text).sampled)

    def test_is_none_without_a_trace_id(self):
        for text in (None, "", "Sampled=1", "Root=", "Root=nonsense;Sampled=1", f"Root={TRACE}0;Sampled=1", "Root=2-5759e988-bd862e3fe1be46a994272793"):
            self.assertIsNone(TraceHeader.parse(text), text)

    def test_ignores_a_parent_that_is_no_segment_id(self):
        self.assertIsNone(TraceHeader.parse(f"Root={TRACE};Parent=xyz;Sampled=1").parent_id)

    def test_makes_ids_of_the_documented_form(self):
        self.assertEqual(TraceHeader.parse(f"Root={new_trace_id()};Parent={new_segment_id()}").sampled, None)
        self.assertNotEqual(new_trace_id(), new_trace_id())


class DecisionTest(unittest.TestCase):
    def test_of_the_caller_is_honoured_in_both_modes(self):
        for mode in ("Active", "PassThrough"):
            for sampled in (True, False):
                header = decide(mode, TraceHeader(TRACE, PARENT, sampled), lambda: self.fail("must not ask the sampler"))
                self.assertEqual((header.trace_id, header.parent_id, header.sampled), (TRACE, PARENT, sampled))

    def test_is_the_samplers_in_mode_active(self):
        for inbound in (None, TraceHeader(TRACE, PARENT)):
            self.assertIs(decide("Active", inbound, lambda: True).sampled, True)
            self.assertIs(decide("Active", inbound, lambda: False).sampled, False)

    def test_is_no_in_mode_pass_through(self):
        for inbound in (None, TraceHeader(TRACE, PARENT)):
            self.assertIs(decide("PassThrough", inbound, lambda: True).sampled, False)

    def test_keeps_an_open_trace(self):
        self.assertEqual(decide("Active", TraceHeader(TRACE), lambda: True).trace_id, TRACE)

    def test_of_an_active_topic_is_the_publishers_else_its_own(self):
        self.assertIs(publish_header(TraceHeader(TRACE, None, False), lambda: True).sampled, False)
        self.assertIs(publish_header(None, lambda: True).sampled, True)
        self.assertEqual(publish_header(TraceHeader(TRACE, PARENT), lambda: True), TraceHeader(TRACE, PARENT, True))


class BatchTest(unittest.TestCase):
    def test_links_each_sampled_sender_once(self):
        sender = TraceHeader(TRACE, PARENT, True)
        links = links_of([sender, sender, None, TraceHeader(new_trace_id(), PARENT, False), TraceHeader(new_trace_id(), None, True)])
        self.assertEqual([(link.trace_id, link.segment_id) for link in links], [(TRACE, PARENT)])

    def test_is_a_new_trace_that_follows_the_senders_decisions(self):
        yes, no, unknown = TraceHeader(TRACE, PARENT, True), TraceHeader(TRACE, PARENT, False), TraceHeader(TRACE, PARENT)
        self.assertIs(batch_header([no, yes]).sampled, True)
        self.assertIs(batch_header([no, None]).sampled, False)
        self.assertNotEqual(batch_header([yes]).trace_id, TRACE)
        self.assertIsNone(batch_header([unknown, None]))


if __name__ == "__main__":
    unittest.main()
