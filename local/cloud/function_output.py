"""What the processes of an execution environment print: lines with their time, as Lambda's log has them.

Standard output and standard error are one pipe. AWS's runtime clients write their messages to a descriptor of their own, framed: type, length,
time, text, so that a message of several lines stays one. Here that descriptor is the same pipe, so everything keeps its order.
"""
from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable

_FRAME = b"\xa5\x5a\x00"  # begins no UTF-8 text
_HEADER = 16


class FunctionOutput:
    """Reads the pipe all the time, because a process that writes to a full one stands still."""

    def __init__(self, on_line: Callable[[float, str], None] | None = None) -> None:
        """`on_line` is told of each line with its time."""
        self._on_line = on_line
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._wake, self._waker = os.pipe()
        self._lock = threading.Lock()
        self._lines: list[tuple[float, str]] = []
        self._rest = b""
        self._thread = threading.Thread(target=self._run, daemon=True, name="function-output")

    def start(self) -> None:
        """Begins to read; what was written before is not lost."""
        self._thread.start()

    def take(self) -> list[tuple[float, str]]:
        """All that has been written by now, each line with the time at which it was read (seconds since 1970)."""
        with self._lock:
            self._read()
            if self._rest and not self._rest.startswith(_FRAME):
                self._add(self._rest)  # a last line without an end
                self._rest = b""
            lines, self._lines = self._lines, []
            return lines

    def catch_up(self) -> None:
        """Reads what has been written by now, so that `on_line` has been told of it."""
        with self._lock:
            self._read()

    def close(self) -> None:
        """Ends reading; what has been written by now can still be taken. Whoever inherited the pipe may go on writing in vain."""
        if self._reader >= 0:
            if self._thread.is_alive():
                os.write(self._waker, b"x")
                self._thread.join()
            os.close(self.writer)
            with self._lock:
                self._read()
                for descriptor in (self._reader, self._wake, self._waker):
                    os.close(descriptor)
                self._reader = -1

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while True:
            ready = [descriptor for descriptor, _event in poll.poll()]
            if self._wake in ready:
                return
            with self._lock:
                self._read()

    def _read(self) -> None:
        while self._reader >= 0:
            try:
                data = os.read(self._reader, 65_536)
            except BlockingIOError:
                break
            if not data:
                break
            self._rest += data
            if len(data) < 65_536:
                break
        self._split()

    def _split(self) -> None:
        rest, position = self._rest, 0
        while position < len(rest):
            if rest.startswith(_FRAME, position):
                if len(rest) < position + _HEADER:
                    break
                end = position + _HEADER + int.from_bytes(rest[position + 4:position + 8], "big")
                if len(rest) < end:
                    break
                self._add(rest[position + _HEADER:end])
                position = end
                continue
            end, frame = rest.find(b"\n", position), rest.find(_FRAME, position)
            if frame >= 0 and (end < 0 or frame < end):
                self._add(rest[position:frame])  # a line without an end, before a message
                position = frame
            elif end >= 0:
                self._add(rest[position:end])
                position = end + 1
            else:
                break
        self._rest = rest[position:]

    def _add(self, line: bytes) -> None:
        text = line.decode("utf-8", errors="replace").rstrip("\n")
        if text:
            now = time.time()
            self._lines.append((now, text))
            if self._on_line:
                self._on_line(now, text)
