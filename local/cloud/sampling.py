"""The sampling decision of a service that is the first to trace a request.

Lambda's rule cannot be configured (Lambda Developer Guide, "Sampling rate": one request each second and 5 percent of
the others), and it is X-Ray's default rule too.
"""
from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

RESERVOIR_PER_SECOND = 1
FIXED_RATE = 0.05


class Sampler:
    """Decides for many callers, each of which (a function, a topic, a stage) has a reservoir of its own."""

    def __init__(self, clock: Callable[[], float] = time.time, chance: Callable[[], float] = random.random) -> None:
        self._clock = clock
        self._chance = chance
        self._lock = threading.Lock()
        self._used: dict[str, tuple[int, int]] = {}  # key -> (second, requests taken from that second's reservoir)

    def decide(self, key: str) -> bool:
        """Whether the next request of `key` is sampled."""
        second = int(self._clock())
        with self._lock:
            last, taken = self._used.get(key, (second, 0))
            taken = taken if last == second else 0
            if taken < RESERVOIR_PER_SECOND:
                self._used[key] = (second, taken + 1)
                return True
        return self._chance() < FIXED_RATE


sampler = Sampler()
