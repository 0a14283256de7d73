"""The account of the one who asks."""

from typing import Final
from uuid import UUID

from msgspec import Struct

from bus import Refusal
from modules.infrastructure.auth import queries
from modules.infrastructure.auth.contract import ChangeOwnEmail, ChangePassword, CloseSession, EraseOwnAccount, User
from modules.infrastructure.auth.desk import Desk
from modules.infrastructure.auth.domain.access import SELF
from modules.infrastructure.auth.domain.address import normal_address
from modules.infrastructure.auth.domain.password import check_password
from modules.infrastructure.auth.domain.place import place_of
from modules.infrastructure.auth.login import own_credential, seal_password
from modules.infrastructure.auth.queries import Session
from modules.infrastructure.auth.routes.bodies import Erasure, OwnEmailChange, PasswordChange
from modules.infrastructure.auth.routes.sign_in import LOGINS, SECRETS_LIMIT_BYTES
from modules.infrastructure.auth.tables import USERS
from nexus_actors.http import Request, Routes

routes = Routes(tag="me")

_NO_USER: Final = "A service account has no such thing. Log in as a user."


class Sessions(Struct, frozen=True, kw_only=True):
    """The live sessions of a user, at most 20."""

    items: list[Session]


@routes.get("/v1/me", scope=SELF)
async def me(request: Request) -> User:
    """Show your account."""
    return await USERS.found(request, _user_id(request))


@routes.get("/v1/me/sessions", scope=SELF)
async def my_sessions(request: Request) -> Sessions:
    """List your live sessions, the last used first."""
    current = request.principal.session_id
    return Sessions(items=await queries.sessions(request.db, _user_id(request), current, request.now))


@routes.delete("/v1/me/sessions/{session_id}", scope=SELF)
async def end_session(request: Request, session_id: UUID) -> None:
    """End one of your sessions. Its tokens are refused everywhere within a second."""
    was_open = await request.ask(CloseSession(user_id=_user_id(request), session_id=session_id, reason="revoked"))
    if not was_open:
        raise Refusal.not_found("session_not_found", "You have no such live session.")


@routes.post("/v1/me/password", scope=SELF, rate_limit=LOGINS, body_limit_bytes=SECRETS_LIMIT_BYTES, secret_body=True)
async def change_password(request: Request, body: PasswordChange) -> None:
    """Change your password. All your other sessions end."""
    desk: Desk = request.deps
    user_id = _user_id(request)
    user = await USERS.found(request, user_id)
    check_password(body.new_password, (*user.email.split("@"), user.display_name))
    credential = await own_credential(request, desk, user_id, body.current_password)
    session_id = request.principal.session_id
    command = ChangePassword(
        user_id=user_id,
        password_version=credential.password_version,
        sealed_password=await seal_password(desk, user_id, body.new_password),
        place=place_of(request.remote_ip),
        keep_session=None if session_id is None else UUID(session_id),
    )
    await request.ask(command)


@routes.post("/v1/me/email", scope=SELF, rate_limit=LOGINS, body_limit_bytes=SECRETS_LIMIT_BYTES, secret_body=True)
async def change_my_email(request: Request, body: OwnEmailChange) -> User:
    """Change your address, with which you log in from then on. Your sessions go on."""
    user_id, address = _user_id(request), normal_address(body.email)
    credential = await own_credential(request, request.deps, user_id, body.password)
    command = ChangeOwnEmail(
        user_id=user_id,
        email=body.email.strip(),
        address=address,
        password_version=credential.password_version,
        place=place_of(request.remote_ip),
    )
    return await request.ask(command)


@routes.post("/v1/me:erase", scope=SELF, rate_limit=LOGINS, body_limit_bytes=SECRETS_LIMIT_BYTES, secret_body=True)
async def erase_me(request: Request, body: Erasure) -> None:
    """Erase your account for good: all that is known of you here, and your sessions. The address is free again.

    Refused (`last_administrator`) to the last administrator of a tenant.
    """
    user_id = _user_id(request)
    credential = await own_credential(request, request.deps, user_id, body.password)
    place = place_of(request.remote_ip)
    await request.ask(EraseOwnAccount(user_id=user_id, password_version=credential.password_version, place=place))


def _user_id(request: Request) -> UUID:
    if request.principal.kind != "user":
        raise Refusal.forbidden("no_user", _NO_USER)
    return UUID(request.principal.subject)
