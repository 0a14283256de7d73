"""What a new platform needs before anybody can log in, and who makes it.

The service that keeps the accounts offers async functions ``prepare`` and ``renew`` in a module ``first_start`` of its package;
they are found by these names, for the runtime knows of no module.
"""

from typing import Any, Final, Protocol

from msgspec import Struct

from bus import Command
from nexus_actors.settings.config import Settings

MODULE: Final = "first_start"
FUNCTION: Final = "prepare"
RENEWAL: Final = "renew"


class FirstAccounts(Struct, frozen=True, kw_only=True):
    """The accounts of a new platform.

    Attributes:
        administrator: what the first administrator logs in with.
        password: their password, which is told nowhere else; None where there has been an administrator.
        client_id: what the command line logs in with (OAuth 2, client_credentials), together with ``client_secret``.
    """

    administrator: str
    password: str | None
    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"FirstAccounts(administrator={self.administrator!r}, client_id={self.client_id!r})"


class CommandLineAccount(Struct, frozen=True, kw_only=True):
    """What the command line logs in with (OAuth 2, client_credentials)."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"CommandLineAccount(client_id={self.client_id!r})"


class Ask(Protocol):
    """Asks a command on behalf of the platform itself and awaits its answer."""

    async def __call__(self, command: Command[Any]) -> Any:  # noqa: ANN401 - the command's own
        """The answer.

        Raises:
            bus.Refusal: a rule said no.
            bus.BusError: no answer came; the command may still take effect.
        """
        ...


class Prepare(Protocol):
    """Makes what is missing; may be called again at any time."""

    async def __call__(self, ask: Ask, settings: Settings, secret: str | None) -> FirstAccounts:
        """Make keys, the first administrator and the account of the command line.

        Args:
            ask: reaches the running services.
            settings: those of the platform.
            secret: the secret that the command line has already; None gives it a new one.

        Raises:
            bus.Refusal: gone, where somebody has disabled the account of the command line; the platform runs without it.
        """
        ...


class Renew(Protocol):
    """Gives the command line's account a new secret."""

    async def __call__(self, ask: Ask) -> CommandLineAccount:
        """Give it one, and take the account back into use where somebody has disabled it. The old secret ends.

        Args:
            ask: reaches the running services.
        """
        ...
