"""Logging in with a password."""

from typing import TypeVar
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from bus import Command, Refusal
from modules.infrastructure.auth import queries
from modules.infrastructure.auth.contract import (
    OpenSession,
    RecordFailedLogin,
    ReplaceTemporaryPassword,
    SessionGrant,
    UpgradePassword,
)
from modules.infrastructure.auth.desk import GUESSES, Desk
from modules.infrastructure.auth.domain.address import normal_address
from modules.infrastructure.auth.domain.decoy import decoy_user
from modules.infrastructure.auth.domain.place import place_of
from modules.infrastructure.auth.passwords import Verdict
from modules.infrastructure.auth.queries import Credential
from nexus_actors.http import Request, found

R = TypeVar("R")

_DEVICE_CHARS = 120


class Attempt(Struct, frozen=True, kw_only=True):
    """An attempt to log in."""

    tenant: str
    email: str
    password: str
    scopes: tuple[str, ...] | None

    def __repr__(self) -> str:
        return f"Attempt(tenant={self.tenant!r})"


async def log_in(request: Request, desk: Desk, attempt: Attempt) -> SessionGrant:
    """Compare the password and have a session opened.

    Whatever is wrong about address and password, and while the account is locked, the answer is the same and takes as long:
    one read, one hash, one command.

    Raises:
        Refusal: unauthorised; rate_limited, the address was tried too often; unavailable, too many are logging in; forbidden,
            the password is right, and the account is suspended or the password a temporary one.
    """
    credential, verdict = await _authenticate(request, desk, attempt)
    grant = await _open(request, credential, attempt.scopes)
    if verdict.outdated:
        await _upgrade(request, desk, credential, attempt.password)
    return grant


async def replace_temporary(request: Request, desk: Desk, attempt: Attempt, new_password: str) -> SessionGrant:
    """Compare a temporary password, set the user's own in its place, and have a session opened.

    Raises:
        Refusal: as `log_in` does; conflict, the password is no temporary one; forbidden, it has expired.
    """
    credential, _ = await _authenticate(request, desk, attempt)
    command = ReplaceTemporaryPassword(
        user_id=credential.user_id,
        password_version=credential.password_version,
        sealed_password=await seal_password(desk, credential.user_id, new_password),
        place=place_of(request.remote_ip),
    )
    version = await _ask(request, command)
    return await _open(request, replace(credential, password_version=version), attempt.scopes)


async def own_credential(request: Request, desk: Desk, user_id: UUID, password: str) -> Credential:
    """The credential of the user who asks, once they have given their password.

    Raises:
        Refusal: forbidden, the password is another one: it counts as a failed login.
    """
    credential = found(await queries.credential_of(request.db, request.tenant, user_id), "user")
    if (await desk.passwords.verify(password, open_password(desk, credential))).right:
        return credential
    await request.ask(RecordFailedLogin(user_id=user_id, place=place_of(request.remote_ip)))
    raise Refusal.forbidden("wrong_password", "The present password is another one. Correct it.")


async def seal_password(desk: Desk, user_id: UUID, password: str) -> bytes:
    """The hash of a password, as it is stored."""
    return desk.vault.seal(await desk.passwords.hash(password), f"password:{user_id}")


async def _authenticate(request: Request, desk: Desk, attempt: Attempt) -> tuple[Credential, Verdict]:
    address = normal_address(attempt.email)
    await _count(request, desk, f"{attempt.tenant} {address} {place_of(request.remote_ip)}")
    credential = await queries.credential(request.db, attempt.tenant, address)
    phc = None if credential is None else open_password(desk, credential)
    verdict = await desk.passwords.verify(attempt.password, phc)
    if credential is None or not verdict.right:
        user_id = decoy_user(desk.vault.decoy_key, attempt.tenant, address) if credential is None else credential.user_id
        await request.ask(RecordFailedLogin(user_id=user_id, place=place_of(request.remote_ip)))
        raise _wrong()
    return credential, verdict


def open_password(desk: Desk, credential: Credential) -> bytes:
    """The password hash of a credential."""
    return desk.vault.open(credential.sealed_password, f"password:{credential.user_id}")


async def _count(request: Request, desk: Desk, who: str) -> None:
    wait_s = await desk.guesses.take(who, GUESSES, request.now)
    if wait_s > 0:
        detail = "There were too many attempts at this account from your network. Wait as long as Retry-After says."
        raise Refusal.rate_limited("too_many_attempts", detail, wait_s)


async def _open(request: Request, credential: Credential, scopes: tuple[str, ...] | None) -> SessionGrant:
    command = OpenSession(
        user_id=credential.user_id,
        password_version=credential.password_version,
        place=place_of(request.remote_ip),
        device=_device(request.headers.get("User-Agent", "")),
        wanted_scopes=scopes,
    )
    return await _ask(request, command)


async def _ask(request: Request, command: Command[R]) -> R:
    try:
        return await request.ask(command)
    except Refusal as refusal:
        if refusal.code in {"account_locked", "password_changed"}:
            raise _wrong() from refusal
        raise


async def _upgrade(request: Request, desk: Desk, credential: Credential, password: str) -> None:
    sealed = await seal_password(desk, credential.user_id, password)
    command = UpgradePassword(user_id=credential.user_id, password_version=credential.password_version, sealed_password=sealed)
    await request.ask(command)


def _device(user_agent: str) -> str:
    return "".join(character for character in user_agent if character.isprintable())[:_DEVICE_CHARS]


def _wrong() -> Refusal:
    detail = (
        "E-mail or password are wrong, or there were too many attempts. Check them; after several attempts, wait 15 minutes."
    )
    return Refusal.unauthorised("invalid_credentials", detail)
