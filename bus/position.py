"""Where an entry stands in its stream."""

from typing import NamedTuple


class Position(NamedTuple):
    """The id of a stream entry: the store's clock in milliseconds, and a sequence number within it."""

    ms: int
    seq: int

    def __str__(self) -> str:
        return f"{self.ms}-{self.seq}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Read ``<ms>-<seq>``."""
        ms, _, seq = text.partition("-")
        return cls(int(ms), int(seq or 0))

    def before(self) -> "Position":
        """The highest position below this one, so that reading after it starts here."""
        if self.seq:
            return Position(self.ms, self.seq - 1)
        return Position(self.ms - 1, (1 << 63) - 1) if self.ms else START

    def rewound(self, seconds: float) -> "Position":
        """The position ``seconds`` of the store's clock earlier."""
        return Position(max(0, self.ms - int(seconds * 1_000)), 0)


START = Position(0, 0)
