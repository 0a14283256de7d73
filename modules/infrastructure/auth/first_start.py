"""What `nexus up` asks of auth-ms; see `nexus_actors.platform.bootstrap`."""

from os import urandom
from typing import Final

from modules.infrastructure.auth.bootstrap import ensure_administrator, ensure_keys, ensure_operator, renew_operator
from modules.infrastructure.auth.contract import RING, RenewAddresses
from modules.infrastructure.auth.desk import desk_with
from nexus_actors.platform.bootstrap import Ask, CommandLineAccount, FirstAccounts
from nexus_actors.settings.config import Settings

ADMINISTRATOR: Final = "admin@localhost"


async def prepare(ask: Ask, settings: Settings, secret: str | None) -> FirstAccounts:
    """Make a signing key, the first administrator and the account of the command line, as far as they are missing.

    Addresses that an earlier release has kept in another form are brought to that of this one.

    Raises:
        ConfigError: NEXUS_AUTH_KEK is missing.
    """
    desk = desk_with(settings)
    await ensure_keys(ask, desk)
    await ask(RenewAddresses(ring=RING))
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
