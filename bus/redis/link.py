"""What the stream store needs of Redis, be it one server or a cluster of them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from bus.position import Position

Word = str | bytes | int


class Command(NamedTuple):
    """A command and the one key that it is about, which decides where in a cluster it goes.

    Attributes:
        history: send it only over a connection to a server that is in this history; empty where any will do. All commands of
            a call say the same.
    """

    key: str
    words: tuple[Word, ...]
    history: str = ""


class Unreached(Exception):
    """Raised, or put in place of a reply, when no connection could be had: nothing was sent."""


class Unanswered(Exception):
    """Raised, or put in place of a reply, when the connection broke before the reply came: nobody knows what was executed."""


class OtherHistory(Exception):
    """Put in place of a reply when the server may have lost entries since the history that was named: nothing was sent."""


class Link(Protocol):
    """A way to Redis. Its methods may be called from any number of tasks at once.

    No command is ever sent again that may have been executed: a repeated XADD would be a second message.
    """

    async def ask(self, commands: Sequence[Command]) -> list[object]:
        """Send commands in one round trip to each server concerned; commands about one key are executed in order.

        Returns:
            Per command, its reply, or in its place a `redis.exceptions.ResponseError`, `Unreached`, `Unanswered` or
            `OtherHistory`.
        """
        ...

    async def read(self, after: Mapping[str, Position], count: int, block_s: float) -> list[list[object]]:
        """Read streams, given by their keys, waiting up to ``block_s`` for the first entry; replies of XREAD.

        Raises:
            BusUnavailable: a server did not answer, or refused.
        """
        ...

    async def each(self, commands: Sequence[tuple[Word, ...]]) -> list[list[object]]:
        """Send the same commands, which are about no key, to every master; the replies of each, as `ask` gives them."""
        ...

    async def history(self) -> str:
        """See `bus.store.StreamStore.history`.

        Raises:
            BusUnavailable: a server did not answer, or refused.
        """
        ...


def xread(after: Sequence[tuple[str, Position]], count: int, block_s: float) -> tuple[Word, ...]:
    """The words of an XREAD; it waits where ``block_s`` is above 0."""
    wait: tuple[Word, ...] = ("BLOCK", max(1, int(block_s * 1_000))) if block_s > 0 else ()
    keys, positions = zip(*after, strict=True)
    return ("XREAD", "COUNT", count, *wait, "STREAMS", *keys, *map(str, positions))
