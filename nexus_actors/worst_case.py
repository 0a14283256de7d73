"""Worst cases: what is hardest for a service that remembers a lot. `nexus bench worst` measures them beside the largest inputs.

They are found by name, like trials: module ``worst_cases`` beside the services of a module (``modules.<module>.worst_cases``)
has a sequence ``worst_cases``.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol, TypeVar

from msgspec import Struct

from bus import Command, Event

MODULE: Final = "worst_cases"
SEQUENCE: Final = "worst_cases"

R = TypeVar("R")


class Strained(Protocol):
    """A running service that is brought to its worst."""

    async def ask(self, command: Command[R]) -> R:
        """Ask a command as somebody who may everything; raises `bus.Refusal` as the service does."""
        ...

    async def publish(self, event: Event) -> None:
        """Publish an event as the service would whose topic it is."""
        ...

    async def settle(self) -> None:
        """Wait until everything has been handled."""
        ...


class WorstCase(Struct, frozen=True, kw_only=True):
    """A worst case.

    Attributes:
        service: the name of the service whose loop it is about.
        title: what is done, in a few words.
        prepare: brings the service to where it is hard for it, once; None where nothing is needed.
        run: does what is measured, with the number of the round; it must be as hard every time. A refusal is an end too.
    """

    service: str
    title: str
    prepare: Callable[[Strained], Awaitable[Any]] | None = None
    run: Callable[[Strained, int], Awaitable[Any]]
