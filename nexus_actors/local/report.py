"""How starting and stopping goes, told step by step."""

import os
from typing import Literal, Protocol

import msgspec
from msgspec import Struct

Kind = Literal["step", "notice", "secret", "up", "failed"]


class News(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened.

    Attributes:
        kind: ``step``: something was done; ``notice``: something that needs a look; ``secret``: a text to be shown once and
            kept nowhere; ``up``: everything runs; ``failed``: it does not, and everything has been stopped again.
    """

    kind: Kind
    text: str = ""


class Report(Protocol):
    """Who is told. It never raises: a listener that is gone changes nothing."""

    def tell(self, news: News) -> None:
        """Take a piece of news."""
        ...


class PipeReport:
    """Tells another process through a pipe, a line of JSON each."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        os.set_inheritable(descriptor, False)

    def tell(self, news: News) -> None:
        """See `Report.tell`."""
        try:
            os.write(self._descriptor, msgspec.json.encode(news) + b"\n")
        except OSError:
            # Whoever started us has stopped listening: the news are in the log all the same.
            return


def read_news(line: bytes) -> News:
    """A line that a `PipeReport` has written.

    Raises:
        msgspec.MsgspecError: it is none.
    """
    return msgspec.json.decode(line, type=News)
