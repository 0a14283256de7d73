"""What a new platform needs before anybody can log in: keys, an administrator, accounts for its own programs."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from bus import Command, Refusal, keyed_id, new_id
from modules.infrastructure.auth.asking import Ask
from modules.infrastructure.auth.contract import BootstrapAdministrator, EnsureServiceAccount, RegisterAccount
from modules.infrastructure.auth.desk import Desk
from modules.infrastructure.auth.domain.access import ADMINISTRATOR
from modules.infrastructure.auth.domain.address import normal_address
from modules.infrastructure.auth.domain.client_secret import RANDOM_BYTES, digest_of, write_secret
from modules.infrastructure.auth.domain.temporary import RANDOM_BYTES as PASSWORD_BYTES
from modules.infrastructure.auth.domain.temporary import write_password
from nexus_actors.identity import DEFAULT_TENANT

OPERATOR: Final = "operator"
"""The service account of the command line."""

_OPERATOR_SCOPES: Final = ("*",)


class ServiceCredentials(Struct, frozen=True, kw_only=True):
    """What a program logs in with."""

    client_id: UUID
    client_secret: str

    def __repr__(self) -> str:
        return f"ServiceCredentials(client_id={self.client_id!r})"


async def ensure_keys(ask: Ask, desk: Desk) -> None:
    """Have a signing key in the ring before the first token, so that every process knows it in time."""
    await desk.keys.add(ask, "due")


async def ensure_administrator(
    ask: Ask,
    desk: Desk,
    email: str,
    tenant: str = DEFAULT_TENANT,
    *,
    open_to_sign_up: bool = True,
    temporary_until: datetime | None = None,
) -> str | None:
    """Make a tenant and its first administrator, if it has never had one.

    Args:
        ask: asks commands on behalf of nobody.
        desk: hashes and seals the password.
        email: the administrator's address.
        tenant: name of the tenant.
        open_to_sign_up: whether anybody may make an account there.
        temporary_until: until when the password may be replaced, where it is good for nothing else; None for one that stays.

    Returns:
        The administrator's password, which is told nowhere else; None where there has been an administrator.
    """
    user_id, password = new_id(), write_password(desk.entropy(PASSWORD_BYTES))
    registration = RegisterAccount(
        user_id=user_id,
        tenant=tenant,
        email=email,
        address=normal_address(email),
        display_name="Administrator",
        roles=(ADMINISTRATOR,),
        sealed_password=desk.vault.seal(await desk.passwords.hash(password), f"password:{user_id}"),
        place="",
        temporary_until=temporary_until,
    )
    command = BootstrapAdministrator(tenant=tenant, registration=registration, open_to_sign_up=open_to_sign_up)
    if await _refused(ask, command, "administrator_exists"):
        return None
    # The tenant has sent the registration on. Asking for the same one waits until either of them has been carried out.
    await _refused(ask, registration, "user_exists")
    return password


async def ensure_service_account(
    ask: Ask, desk: Desk, name: str, scopes: tuple[str, ...], secret: str | None = None
) -> ServiceCredentials:
    """Make a service account of the platform, or bring it to these scopes and this secret.

    Args:
        ask: asks commands on behalf of nobody.
        desk: makes a new secret.
        name: the program's name.
        scopes: what it may do.
        secret: the secret that the program has already; None gives it a new one, which ends the old one.

    Raises:
        Refusal: gone, an administrator has disabled the account.
    """
    return await _ensure(ask, name, scopes, secret or write_secret(desk.entropy(RANDOM_BYTES)), restore=False)


async def ensure_operator(ask: Ask, desk: Desk, secret: str | None = None) -> ServiceCredentials:
    """The service account of the command line, which may do everything; see `ensure_service_account`."""
    return await ensure_service_account(ask, desk, OPERATOR, _OPERATOR_SCOPES, secret)


async def renew_operator(ask: Ask, entropy: Callable[[int], bytes]) -> ServiceCredentials:
    """Give the command line's account a new secret, and take it back into use where an administrator has disabled it.

    Args:
        ask: asks commands on behalf of nobody: whoever can do so holds the platform's own servers.
        entropy: makes random bytes.
    """
    return await _ensure(ask, OPERATOR, _OPERATOR_SCOPES, write_secret(entropy(RANDOM_BYTES)), restore=True)


async def _ensure(ask: Ask, name: str, scopes: tuple[str, ...], secret: str, *, restore: bool) -> ServiceCredentials:
    account_id = keyed_id("service account", DEFAULT_TENANT, name)
    command = EnsureServiceAccount(
        account_id=account_id,
        tenant=DEFAULT_TENANT,
        name=name,
        scopes=scopes,
        secret_sha256=digest_of(secret),
        restore=restore,
    )
    await ask(command)
    return ServiceCredentials(client_id=account_id, client_secret=secret)


async def _refused(ask: Ask, command: Command[Any], code: str) -> bool:
    try:
        await ask(command)
    except Refusal as refusal:
        if refusal.code != code:
            raise
        return True
    return False
