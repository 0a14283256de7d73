"""Where a piece of work stands in its trace: W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context-1/)."""

import re
from typing import Final

from msgspec import Struct

NEW_TRACE_BYTES: Final = 24
NEW_SPAN_BYTES: Final = 8
_TRACE_BYTES: Final = 16
_SAMPLED: Final = 1

_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_NO_TRACE: Final = "0" * 32
_NO_SPAN: Final = "0" * 16

_MAX_MEMBERS: Final = 32
# Section 3.3.1.3: a simple key, or tenant@system; the value is printable ASCII without comma and equals, not ending in a space.
_MEMBER: Final = re.compile(
    r"(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})"
    r"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]",
    re.ASCII,
)


class TraceContext(Struct, frozen=True):
    """One span's place in a trace.

    Attributes:
        trace_id: 32 lower-case hexadecimal digits, the same through the whole trace, never all zero.
        span_id: 16 of them, the span that causes what comes next (``parent-id`` in the header), never all zero.
        sampled: whether the caller records the trace.
        state: what tracing vendors pass along (``tracestate``); handed on as it came.
    """

    trace_id: str
    span_id: str
    sampled: bool = True
    state: str = ""

    @classmethod
    def parse(cls, traceparent: str | None, tracestate: str | None = None) -> "TraceContext | None":
        """Read the headers strictly; nothing where ``traceparent`` is absent or breaks the format.

        A later version than 00 is read as far as 00 is defined (section 4.3). A ``tracestate`` that breaks the format is
        dropped and the rest is kept.
        """
        match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
        if match is None:
            return None
        version, trace_id, span_id, flags, more = match.groups()
        if version == "ff" or (version == "00" and more) or trace_id == _NO_TRACE or span_id == _NO_SPAN:
            return None
        return cls(trace_id, span_id, bool(int(flags, 16) & _SAMPLED), _parse_state(tracestate))

    @classmethod
    def new(cls, random: bytes, *, sampled: bool = True) -> "TraceContext":
        """The root of a new trace.

        Args:
            random: 24 bytes that nobody can foresee.
            sampled: whether the trace is to be recorded.

        Raises:
            ValueError: ``random`` has another length, or is all zero where an id would be.
        """
        if len(random) != NEW_TRACE_BYTES:
            message = f"A new trace takes {NEW_TRACE_BYTES} random bytes, not {len(random)}."
            raise ValueError(message)
        return cls(_identify(random[:_TRACE_BYTES]), _identify(random[_TRACE_BYTES:]), sampled)

    def child(self, random: bytes) -> "TraceContext":
        """A span of the same trace, caused by this one.

        Args:
            random: 8 bytes that nobody can foresee.

        Raises:
            ValueError: ``random`` has another length, or is all zero.
        """
        if len(random) != NEW_SPAN_BYTES:
            message = f"A new span takes {NEW_SPAN_BYTES} random bytes, not {len(random)}."
            raise ValueError(message)
        return TraceContext(self.trace_id, _identify(random), self.sampled, self.state)

    def header(self) -> str:
        """The value of ``traceparent``. Bits of the flags that level 1 does not define are sent as zero (section 3.2.2.5)."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


def _identify(random: bytes) -> str:
    if not any(random):
        message = "A trace or span id of zeros means no id; the random source is broken."
        raise ValueError(message)
    return random.hex()


def _parse_state(tracestate: str | None) -> str:
    """The list of members without the empty ones, or nothing where it breaks the format (section 3.3.1)."""
    if not tracestate:
        return ""
    members = [member for part in tracestate.split(",") if (member := part.strip(" \t"))]
    keys = {member.partition("=")[0] for member in members}
    if len(members) > _MAX_MEMBERS or len(keys) < len(members):
        return ""
    if not all(_MEMBER.fullmatch(member) for member in members):
        return ""
    return ",".join(members)
