"""The account of the one who asks."""

from typing import Final
from uuid import UUID

from msgspec import Struct

from bus import Refusal
from modules.infrastructure.auth import queries
from modules.infrastructure.auth.contract import ChangePassword, CloseSession, RecordFailedLogin, User
from modules.infrastructure.auth.desk import Desk
from modules.infrastructure.auth.domain.access import SELF
from modules.infrastructure.auth.domain.password import check_password
from modules.infrastructure.auth.domain.place import place_of
from modules.infrastructure.auth.login import open_password
from modules.infrastructure.auth.queries import Session
from modules.infrastructure.auth.routes.bodies import PasswordChange
from modules.infrastructure.auth.routes.sign_in import LOGINS, SECRETS_LIMIT_BYTES
from modules.infrastructure.auth.tables import USERS
from nexus_actors.http import Request, Routes, found

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
    user_id, place = _user_id(request), place_of(request.remote_ip)
    user = await USERS.found(request, user_id)
    check_password(body.new_password, (*user.email.split("@"), user.display_name))
    credential = found(await queries.credential_of(request.db, request.tenant, user_id), "user")
    if not (await desk.passwords.verify(body.current_password, open_password(desk, credential))).right:
        await request.ask(RecordFailedLogin(user_id=user_id, place=place))
        raise Refusal.forbidden("wrong_password", "The present password is another one. Correct it.")
    phc = await desk.passwords.hash(body.new_password)
    session_id = request.principal.session_id
    command = ChangePassword(
        user_id=user_id,
        password_version=credential.password_version,
        sealed_password=desk.vault.seal(phc, f"password:{user_id}"),
        place=place,
        keep_session=None if session_id is None else UUID(session_id),
    )
    await request.ask(command)


def _user_id(request: Request) -> UUID:
    if request.principal.kind != "user":
        raise Refusal.forbidden("no_user", _NO_USER)
    return UUID(request.principal.subject)
