"""Sends segment documents to the X-Ray daemon's address, exactly as the X-Ray SDKs do.

A datagram is `{"format":"json","version":1}`, a newline, and one document (X-Ray Developer Guide, "Sending segment
documents to the X-Ray daemon").
"""
from __future__ import annotations

import json
import logging
import os
import re
import socket
from typing import Any

_HEADER = b'{"format":"json","version":1}\n'
_DEFAULT_ADDRESS = "127.0.0.1:2000"
_MAX_DATAGRAM = 65_507  # bytes; what UDP over IPv4 carries

logger = logging.getLogger("cdk_traced.segments")


def daemon_address(text: str | None) -> tuple[str, int]:
    """Host and UDP port in `AWS_XRAY_DAEMON_ADDRESS`: `host:port`, or `tcp:host:port udp:host:port` in any order."""
    address = text or _DEFAULT_ADDRESS
    match = re.search(r"\budp:([^\s:]+):(\d+)", address) or re.fullmatch(r"\s*([^\s:]+):(\d+)\s*", address)
    if not match:
        raise ValueError(f"AWS_XRAY_DAEMON_ADDRESS must be host:port or 'tcp:host:port udp:host:port', got {address!r}")
    return match.group(1), int(match.group(2))


class SegmentSender:
    """One socket for the whole process; `send` may be called from any thread."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def send(self, document: dict[str, Any]) -> None:
        """Sends one document. A failure is logged and never reaches the traced request, as with a real daemon."""
        datagram = _HEADER + json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
        if len(datagram) > _MAX_DATAGRAM:
            logger.warning("segment %s of %s dropped: %d bytes do not fit into a datagram of %d",
                           document.get("id"), document.get("name"), len(datagram), _MAX_DATAGRAM)
            return
        try:
            self._socket.sendto(datagram, self._address)
        except OSError as error:
            logger.warning("segment %s of %s not sent to %s:%d: %s",
                           document.get("id"), document.get("name"), *self._address, error)


_sender: SegmentSender | None = None


def send_segment(document: dict[str, Any]) -> None:
    """Sends one document to the daemon that the environment names."""
    global _sender
    if _sender is None:
        _sender = SegmentSender(daemon_address(os.environ.get("AWS_XRAY_DAEMON_ADDRESS")))
    _sender.send(document)
