"""What `nexus up` asks of auth-ms; see `nexus_actors.bootstrap`."""

from os import urandom
from typing import Final

from modules.infrastructure.auth.bootstrap import ensure_administrator, ensure_keys, ensure_operator, renew_operator
from modules.infrastructure.auth.desk import make_desk
from nexus_actors.bootstrap import Ask, CommandLineAccount, FirstAccounts
from nexus_actors.config import Settings
from nexus_actors.errors import ConfigError

ADMINISTRATOR: Final = "admin@localhost"


async def prepare(ask: Ask, settings: Settings, secret: str | None) -> FirstAccounts:
    """Make a signing key, the first administrator and the account of the command line, as far as they are missing.

    Raises:
        ConfigError: NEXUS_AUTH_KEK is missing.
    """
    if settings.auth_kek is None:
        raise ConfigError("NEXUS_AUTH_KEK is missing; auth-ms seals with it. Give at least 32 characters, made at random.")
    desk = make_desk(settings.auth_issuer, settings.auth_kek.reveal())
    await ensure_keys(ask, desk)
    operator = await ensure_operator(ask, desk, secret)
    # Last: the password is known here alone, and what fails before it can be asked again.
    password = await ensure_administrator(ask, desk, ADMINISTRATOR)
    return FirstAccounts(
        administrator=ADMINISTRATOR,
        password=password,
        client_id=str(operator.client_id),
        client_secret=operator.client_secret,
    )


async def renew(ask: Ask) -> CommandLineAccount:
    """Give the command line's account a new secret, also where an administrator has disabled it."""
    operator = await renew_operator(ask, urandom)
    return CommandLineAccount(client_id=str(operator.client_id), client_secret=operator.client_secret)
