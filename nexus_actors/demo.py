"""Demonstrations: a module shows on the running platform what it does, as a client from outside.

They are found by name: module ``demo`` beside the services of a module (``modules.<module>.demo``) has a mapping ``demos`` from
names to `Demo`.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Final, Protocol, TypeVar
from uuid import UUID

from bus import Envelope, Topic
from nexus_actors.errors import NexusError

MODULE: Final = "demo"
MAPPING: Final = "demos"

T = TypeVar("T")


class DemoFailed(NexusError):
    """Raised when a demonstration cannot go on. The message says what happened and what to do."""


class RequestFailed(DemoFailed):
    """Raised when a service answers with a problem.

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Visitor(Protocol):
    """The running platform, as a demonstration sees it: over HTTP with a token, and by the events that pass."""

    def say(self, text: str) -> None:
        """Show a line."""
        ...

    def now(self) -> datetime:
        """The time, UTC."""
        ...

    def new_id(self) -> UUID:
        """A new id, which nobody has seen."""
        ...

    async def get(self, service: str, path: str, kind: type[T]) -> T:
        """Read from a service, as the type given.

        Raises:
            RequestFailed: it answers with a problem.
            DemoFailed: it does not answer, or with something else.
        """
        ...

    async def post(self, service: str, path: str, body: object, kind: type[T]) -> T:
        """Ask a service to do something, without a body where it is None; raises as `get` does."""
        ...

    def watch(self, topics: Sequence[Topic]) -> AbstractAsyncContextManager[Sequence[Envelope]]:
        """The events of some topics from now on, in a sequence that grows while the context lasts."""
        ...


class Demo(Protocol):
    """A demonstration.

    Attributes:
        summary: what it shows, in a line.
        usage: the arguments that it takes, as a usage line shows them.
    """

    summary: str
    usage: str

    async def run(self, platform: Visitor, arguments: Sequence[str]) -> bool:
        """Show it; whether everything came out as it must.

        Raises:
            DemoFailed: it cannot go on.
        """
        ...
