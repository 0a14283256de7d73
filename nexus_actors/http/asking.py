"""How the HTTP face asks commands: a port, which the runtime implements over the bus."""

from typing import Generic, Protocol, TypeVar
from uuid import UUID

from msgspec import Struct

from bus import Command
from nexus_actors.principal import Principal

R = TypeVar("R")


class Reply(Struct, Generic[R], frozen=True):
    """What a command was answered with.

    Attributes:
        value: the answer.
        replayed: the command was handled before, and this is the answer of that time.
    """

    value: R
    replayed: bool = False


class Asker(Protocol):
    """Asks commands and awaits their answers. Safe to use from any number of tasks.

    When the waiting task is cancelled, the command may still take effect.
    """

    async def ask(
        self,
        command: Command[R],
        *,
        principal: Principal | None,
        message_id: UUID | None,
        fingerprint: str | None,
        timeout_s: float,
        traceparent: str | None,
    ) -> Reply[R]:
        """Ask a command and await its answer.

        Args:
            command: what is asked.
            principal: on whose behalf; None where the route is public.
            message_id: the command's id, where it follows from an idempotency key; None for a new one.
            fingerprint: digest of the request, where it came with an idempotency key.
            timeout_s: how long to wait for the answer, in seconds.
            traceparent: where the request stands in its trace (W3C Trace Context).

        Raises:
            bus.Refusal: a rule said no; or the command is none that its service could read; or the id was used for a command
                with another fingerprint, or is still running.
            bus.TooLarge: the command is longer than messages may be; nothing was sent.
            bus.Overloaded: the receiver is behind; nothing was sent.
            bus.PublishFailed: the sending was not confirmed; the command may still take effect.
            bus.NewerRelease: the command was carried out, and the answer of a newer release cannot be read here.
            bus.HandlerFailed: in development, the handler failed; see there.
            bus.DeadlineExceeded: no answer came in time; the command may still take effect.
        """
        ...
