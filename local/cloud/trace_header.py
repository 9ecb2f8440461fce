"""The X-Ray trace header, as it travels in `X-Amzn-Trace-Id`, `_X_AMZN_TRACE_ID` and `AWSTraceHeader`.

Format (X-Ray Developer Guide, "Tracing header"): `Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=<0|1|?>`,
keys in any order, further keys (`Lineage`) allowed.
"""
from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass, replace

_TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}", re.IGNORECASE)
_SEGMENT_ID = re.compile(r"[0-9a-f]{16}", re.IGNORECASE)
_LINEAGE_COUNT = re.compile(r":(\d{1,5})$")


@dataclass(frozen=True)
class TraceHeader:
    """One request's place in a trace. `sampled` is None where the decision is left to the next service."""

    trace_id: str
    parent_id: str | None = None
    sampled: bool | None = None
    lineage: str | None = None

    @staticmethod
    def parse(text: str | None) -> TraceHeader | None:
        """The header in `text`, or None where there is none or its trace id is not one (X-Ray then starts a new trace)."""
        fields = dict(part.strip().split("=", 1) for part in (text or "").split(";") if "=" in part)
        trace_id = fields.get("Root", "")
        if not _TRACE_ID.fullmatch(trace_id):
            return None
        parent_id = fields.get("Parent", "")
        return TraceHeader(
            trace_id=trace_id.lower(),
            parent_id=parent_id.lower() if _SEGMENT_ID.fullmatch(parent_id) else None,
            sampled={"1": True, "0": False}.get(fields.get("Sampled", "")),
            lineage=fields.get("Lineage"),
        )

    def __str__(self) -> str:
        fields = [f"Root={self.trace_id}"]
        if self.parent_id:
            fields.append(f"Parent={self.parent_id}")
        if self.sampled is not None:
            fields.append(f"Sampled={int(self.sampled)}")
        if self.lineage:
            fields.append(f"Lineage={self.lineage}")
        return ";".join(fields)

    def child_of(self, segment_id: str) -> TraceHeader:
        """The header for a request made by the segment `segment_id` of the same trace."""
        return replace(self, parent_id=segment_id)

    def invoke_depth(self) -> int:
        """How many functions the request went through already, as Lambda counts in `Lineage=<version>:<hash>:<count>`."""
        match = _LINEAGE_COUNT.search(self.lineage or "")
        return int(match.group(1)) if match else 0


def new_trace_id() -> str:
    """A trace id of now: version, seconds since 1970 as 8 hex digits, 96 random bits."""
    return f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"


def new_segment_id() -> str:
    return secrets.token_hex(8)
