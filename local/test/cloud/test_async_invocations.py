import unittest
from unittest.mock import patch

from cloud import async_invocations

FUNCTION = {"config": {"FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f", "FunctionName": "f"}}


class QueueThatIsFaster:
    """Begins with the event before `submit` returns, as a worker on a busy machine does."""

    def __init__(self):
        self.answered = []

    def submit(self, _run, _attempt, _func, _event, invocation):
        self.answered.append((invocation.received, invocation.responded))


class AsynchronousInvocationTest(unittest.TestCase):
    def test_has_been_answered_when_a_worker_takes_it(self):
        queue = QueueThatIsFaster()
        with patch.object(async_invocations, "_queue_of", lambda _arn: queue):
            async_invocations.invoke_asynchronously(FUNCTION, {})
        [(received, responded)] = queue.answered
        self.assertIsNotNone(responded)
        self.assertGreaterEqual(responded, received)


if __name__ == "__main__":
    unittest.main()
