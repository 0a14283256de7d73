"""What a work prints, as lines of the log: so many and no more, and how many were left out."""

from typing import Final

from msgspec import Struct

from nexus_actors.jobs.bucket import Bucket

LINES_PER_S: Final = 50.0
LINES_AT_ONCE: Final = 100.0
BYTES_PER_S: Final = 32_768.0
BYTES_AT_ONCE: Final = 131_072.0
LONGEST_LINE: Final = 2_000
"""In bytes; what comes behind is cut off."""
SAY_EVERY_S: Final = 5.0


class LeftOut(Struct, frozen=True, kw_only=True):
    """Lines that were not logged since this was said last."""

    lines: int

    def __str__(self) -> str:
        return f"{self.lines:,} lines left out"


class Output:
    """Cuts what a work prints into lines, and lets through what its worker can bear to log.

    What is left out costs next to nothing: it is counted without being cut up.

    Args:
        now: the time, by any one clock that counts in seconds.
    """

    def __init__(self, now: float) -> None:
        self._lines = Bucket(LINES_PER_S, LINES_AT_ONCE, now)
        self._bytes = Bucket(BYTES_PER_S, BYTES_AT_ONCE, now)
        self._rest = b""
        self._left_out = 0
        self._said_at = now

    def feed(self, piece: bytes, now: float) -> list[str]:
        """The lines that are complete with this piece and are to be logged. Empty ones are not, and do not count."""
        logged: list[str] = []
        start = 0
        while (end := piece.find(b"\n", start)) >= 0:
            line = (self._rest + piece[start : min(end, start + LONGEST_LINE)])[:LONGEST_LINE]
            self._rest = b""
            if line.strip():
                if not self._may_log(line, now):
                    last = piece.rfind(b"\n")
                    self._left_out += 1 + piece.count(b"\n", end + 1, last + 1)
                    end = last
                else:
                    logged.append(_shown(line))
            start = end + 1
        self._rest = (self._rest + piece[start : start + LONGEST_LINE])[:LONGEST_LINE]
        return logged

    def end(self, now: float) -> list[str]:
        """The last line, which has no end."""
        return self.feed(b"\n", now) if self._rest else []

    def left_out(self, now: float, *, ended: bool = False) -> LeftOut | None:
        """How many lines were left out, where that is to be said now: every few seconds, and at the end."""
        if not self._left_out or (now - self._said_at < SAY_EVERY_S and not ended):
            return None
        said, self._left_out, self._said_at = LeftOut(lines=self._left_out), 0, now
        return said

    def _may_log(self, line: bytes, now: float) -> bool:
        if not (self._lines.holds(1, now) and self._bytes.holds(len(line), now)):
            return False
        self._lines.take(1, now)
        self._bytes.take(len(line), now)
        return True


def _shown(line: bytes) -> str:
    return line.decode(errors="replace").rstrip()
