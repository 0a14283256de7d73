"""What happened in a run, line by line: to read when it failed, and to compare with another run of the same seed."""

from hashlib import blake2b
from typing import Any

import anyio


class Trace:
    """The lines of one run."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, who: str, *what: object) -> None:
        """Something happened."""
        self.lines.append(f"{anyio.current_time():9.4f}  {who:<10} {' '.join(map(str, what))}")

    @property
    def digest(self) -> str:
        """Tells runs apart."""
        return blake2b("\n".join(self.lines).encode(), digest_size=8).hexdigest()


class TraceLog:
    """A logger as the runtime uses it, which writes into a trace."""

    def __init__(self, trace: Trace, who: str) -> None:
        self._trace = trace
        self._who = who

    def bind(self, **fields: Any) -> "TraceLog":
        return self

    def _note(self, event: str, **fields: Any) -> None:
        fields.pop("exc_info", None)
        self._trace.note(self._who, "log:", event, *(f"{name}={value}" for name, value in fields.items()))

    info = warning = error = exception = _note
