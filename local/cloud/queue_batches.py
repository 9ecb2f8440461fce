"""Event sources that are queues: batches that wait for more messages, and batches of more than ten.

Source: Lambda Developer Guide, "Using Lambda with Amazon SQS", "Batching behavior": a batch is handed over when it is full, or when its first message has
waited for MaximumBatchingWindowInSeconds.
"""
from __future__ import annotations

import time
from typing import Any

from .wrapping import wrap

_MOST_BYTES = 6 * 1024 * 1024
"""Of a batch: what an invocation's payload may have."""


def install() -> None:
    from ministack.services import lambda_svc, sqs

    @wrap(lambda_svc, "_sqs_esm_concurrency", "(esm, func_rec, config, queue=None)")
    def concurrency(original: Any, esm: dict[str, Any], func_rec: Any, config: Any, queue: Any = None) -> int:
        # The poller asks this right before it takes messages: none at a time is none yet.
        window = float(esm.get("MaximumBatchingWindowInSeconds") or 0)
        if window and queue and not queue.get("is_fifo") and not is_due(queue["messages"], int(esm.get("BatchSize") or 10), window, time.time()):
            return 0
        return original(esm, func_rec, config, queue)

    @wrap(sqs, "_receive_messages_for_esm", "(queue_url, max_number)")
    def receive(original: Any, queue_url: str, max_number: int) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        size = 0
        while len(messages) < int(max_number or 1):
            found = original(queue_url, int(max_number or 1) - len(messages))
            messages += found
            size += sum(len(message.get("body") or "") for message in found)
            if len(found) < 10 or size >= _MOST_BYTES:
                break
        return messages


def is_due(messages: list[dict[str, Any]], batch_size: int, window: float, now: float) -> bool:
    """Whether the messages that can be received now make a batch."""
    waiting = [message for message in list(messages) if (message.get("visible_at") or 0) <= now]
    if not waiting:
        return True
    size = sum(len(message.get("body") or "") for message in waiting)
    oldest = min(message.get("visible_at") or message.get("sent_at") or now for message in waiting)
    return len(waiting) >= batch_size or size >= _MOST_BYTES or now - oldest >= window
