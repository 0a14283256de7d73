"""Signing up, logging in and out."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from msgspec import Struct

from bus import Refusal
from modules.infrastructure.auth import queries
from modules.infrastructure.auth.checking import check_token
from modules.infrastructure.auth.contract import CloseSession, RegisterAccount
from modules.infrastructure.auth.desk import Desk
from modules.infrastructure.auth.domain.access import NEWCOMER, SELF, check_scopes
from modules.infrastructure.auth.domain.address import normal_address
from modules.infrastructure.auth.domain.password import check_password
from modules.infrastructure.auth.domain.place import place_of
from modules.infrastructure.auth.issuing import Issuer, Tokens
from modules.infrastructure.auth.login import Attempt, log_in, replace_temporary, seal_password
from modules.infrastructure.auth.renewing import renew_session
from modules.infrastructure.auth.routes.bodies import Login, Refresh, SignUp, TemporaryPasswordReplacement
from nexus_actors.http import RateLimit, Request, Routes
from nexus_actors.http.tokens import Unauthorised, bearer_token
from nexus_actors.security.claims import PLATFORM_AUDIENCE

routes = Routes(tag="sign-in")

LOGINS: Final = RateLimit(requests=60, per_s=60, burst=30, by="address", group="logins")
SIGN_UPS: Final = RateLimit(requests=20, per_s=60, burst=10, by="address")
REFRESHES: Final = RateLimit(requests=6_000, per_s=60, burst=600, by="address", group="refreshes")
CHECKS: Final = RateLimit(requests=60_000, per_s=60, burst=6_000, by="address", group="checks")
SECRETS_LIMIT_BYTES: Final = 16 * 1024


class SignUpAccepted(Struct, frozen=True, kw_only=True):
    """A sign-up was taken in. Whether the address had an account before is not said."""

    status: Literal["accepted"]
    detail: str


class Validation(Struct, frozen=True, kw_only=True):
    """A good access token: whose it is and what it allows."""

    active: Literal[True]
    subject: str
    tenant: str
    session_id: str | None
    scopes: list[str]
    expires_at: datetime


@routes.post("/v1/signup", scope=None, status=202, rate_limit=SIGN_UPS, body_limit_bytes=SECRETS_LIMIT_BYTES, secret_body=True)
async def sign_up(request: Request, body: SignUp) -> SignUpAccepted:
    """Make an account.

    The answer is the same where the address has an account already: nobody learns who has one.
    """
    desk: Desk = request.deps
    address = normal_address(body.email)
    local, _, domain = address.partition("@")
    words = (local, domain.partition(".")[0], " ".join(body.display_name.split()), body.tenant)
    check_password(body.password, words)
    if not await queries.is_open_to_sign_up(request.db, body.tenant):
        raise Refusal.forbidden("sign_up_closed", "This tenant takes no sign-ups. Ask its administrator.")
    user_id = request.new_id()
    command = RegisterAccount(
        user_id=user_id,
        tenant=body.tenant,
        email=body.email.strip(),
        address=address,
        display_name=body.display_name,
        roles=(NEWCOMER,),
        sealed_password=await seal_password(desk, user_id, body.password),
        place=place_of(request.remote_ip),
    )
    await request.ask(command)
    detail = "Log in with this address and password. If the address had an account before, its password is unchanged."
    return SignUpAccepted(status="accepted", detail=detail)


@routes.post("/v1/login", scope=None, rate_limit=LOGINS, body_limit_bytes=SECRETS_LIMIT_BYTES, secret_body=True)
async def login(request: Request, body: Login) -> Tokens:
    """Log in with e-mail and password, and get tokens."""
    desk: Desk = request.deps
    scopes = None if body.scopes is None else tuple(sorted(check_scopes(body.scopes)))
    attempt = Attempt(tenant=body.tenant, email=body.email, password=body.password, scopes=scopes)
    grant = await log_in(request, desk, attempt)
    return await Issuer(desk, request.db, request.ask, request.now).for_session(grant)


@routes.post("/auth/login", scope=None, rate_limit=LOGINS, body_limit_bytes=SECRETS_LIMIT_BYTES, secret_body=True)
async def login_alias(request: Request, body: Login) -> Tokens:
    """Log in; another name of `POST /v1/login`."""
    return await login(request, body)


@routes.post("/v1/password", scope=None, rate_limit=LOGINS, body_limit_bytes=SECRETS_LIMIT_BYTES, secret_body=True)
async def replace_temporary_password(request: Request, body: TemporaryPasswordReplacement) -> Tokens:
    """Set a password of your own in place of a temporary one, which an administrator has given you, and get tokens."""
    desk: Desk = request.deps
    scopes = None if body.scopes is None else tuple(sorted(check_scopes(body.scopes)))
    check_password(body.new_password, (*body.email.split("@"), body.temporary_password, body.tenant))
    attempt = Attempt(tenant=body.tenant, email=body.email, password=body.temporary_password, scopes=scopes)
    grant = await replace_temporary(request, desk, attempt, body.new_password)
    return await Issuer(desk, request.db, request.ask, request.now).for_session(grant)


@routes.post("/v1/token/refresh", scope=None, rate_limit=REFRESHES, body_limit_bytes=SECRETS_LIMIT_BYTES, secret_body=True)
async def refresh(request: Request, body: Refresh) -> Tokens:
    """Get the next tokens of a session.

    Each refresh token is good for one refresh. Within ten seconds of it, the same token gets the same successor again, as often
    as it is sent; later, it ends the session.
    """
    desk: Desk = request.deps
    issuer = Issuer(desk, request.db, request.ask, request.now)
    return await renew_session(desk, issuer, request.ask, body.refresh_token, body.scopes)


@routes.post("/v1/logout", scope=SELF)
async def logout(request: Request) -> None:
    """End the session that asks. Its tokens are refused everywhere within a second."""
    principal = request.principal
    if principal.session_id is None:
        raise Refusal.conflict("no_session", "A service account has no session to end.")
    command = CloseSession(user_id=UUID(principal.subject), session_id=UUID(principal.session_id), reason="logout")
    await request.ask(command)


@routes.get("/auth/validate", scope=None, rate_limit=CHECKS)
async def validate(request: Request) -> Validation:
    """Say whether the access token in the Authorization header is good at this moment."""
    desk: Desk = request.deps
    try:
        header = request.headers.get("Authorization")
        token = bearer_token([] if header is None else [header])
        claims = (await check_token(request.db, token, PLATFORM_AUDIENCE, desk.issuer, request.now)).claims
    except Unauthorised as error:
        raise Refusal.unauthorised(error.code, error.detail) from error
    return Validation(
        active=True,
        subject=claims.sub,
        tenant=claims.tid,
        session_id=None if claims.of_service else claims.sid,
        scopes=sorted(claims.scope.split()),
        expires_at=claims.expires_at,
    )
