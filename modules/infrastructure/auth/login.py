"""Logging in with a password."""

from msgspec import Struct

from bus import Refusal
from modules.infrastructure.auth import queries
from modules.infrastructure.auth.contract import OpenSession, RecordFailedLogin, SessionGrant, UpgradePassword
from modules.infrastructure.auth.desk import GUESSES, Desk
from modules.infrastructure.auth.domain.address import normal_address
from modules.infrastructure.auth.domain.decoy import decoy_user
from modules.infrastructure.auth.domain.place import place_of
from modules.infrastructure.auth.queries import Credential
from nexus_actors.http import Request

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
            the password is right and the account is suspended.
    """
    address = normal_address(attempt.email)
    await _count(request, desk, f"{attempt.tenant} {address} {place_of(request.remote_ip)}")
    credential = await queries.credential(request.db, attempt.tenant, address)
    phc = None if credential is None else open_password(desk, credential)
    verdict = await desk.passwords.verify(attempt.password, phc)
    if credential is None or not verdict.right:
        user_id = decoy_user(desk.vault.decoy_key, attempt.tenant, address) if credential is None else credential.user_id
        await request.ask(RecordFailedLogin(user_id=user_id, place=place_of(request.remote_ip)))
        raise _wrong()
    grant = await _open(request, credential, attempt.scopes)
    if verdict.outdated:
        await _upgrade(request, desk, credential, attempt.password)
    return grant


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
    try:
        return await request.ask(command)
    except Refusal as refusal:
        if refusal.code in {"account_locked", "password_changed"}:
            raise _wrong() from refusal
        raise


async def _upgrade(request: Request, desk: Desk, credential: Credential, password: str) -> None:
    sealed = desk.vault.seal(await desk.passwords.hash(password), f"password:{credential.user_id}")
    command = UpgradePassword(user_id=credential.user_id, password_version=credential.password_version, sealed_password=sealed)
    await request.ask(command)


def _device(user_agent: str) -> str:
    return "".join(character for character in user_agent if character.isprintable())[:_DEVICE_CHARS]


def _wrong() -> Refusal:
    detail = (
        "E-mail or password are wrong, or there were too many attempts. Check them; after several attempts, wait 15 minutes."
    )
    return Refusal.unauthorised("invalid_credentials", detail)
