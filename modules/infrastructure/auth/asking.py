"""How commands are asked, whoever asks them."""

from typing import Protocol, TypeVar

from bus import Command

R = TypeVar("R")


class Ask(Protocol):
    """Asks a command and awaits its answer, like `nexus_actors.http.Request.ask`."""

    async def __call__(self, command: Command[R]) -> R:
        """The answer.

        Raises:
            bus.Refusal: a rule said no.
            bus.BusError: no answer came; the command may still take effect.
        """
        ...
