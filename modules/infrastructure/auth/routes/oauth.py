"""The endpoints of OAuth 2 (RFC 6749, 7009, 7662, 8414)."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from bus import Refusal
from modules.infrastructure.auth import queries
from modules.infrastructure.auth.checking import check_token
from modules.infrastructure.auth.contract import CloseSession, RevokeToken
from modules.infrastructure.auth.desk import Desk
from modules.infrastructure.auth.domain.refresh import PREFIX
from modules.infrastructure.auth.introspection import Introspection, inspect_token
from modules.infrastructure.auth.issuing import Issuer, Tokens
from modules.infrastructure.auth.renewing import read_refresh_token, renew_session
from modules.infrastructure.auth.routes.client import UnknownClient, authenticate, uses_basic
from modules.infrastructure.auth.routes.form import BODY_LIMIT_BYTES, FORM, BadForm, read_form
from modules.infrastructure.auth.routes.sign_in import CHECKS, REFRESHES
from nexus_actors.http import RateLimit, Raw, Request, Routes
from nexus_actors.http.tokens import Unauthorised, bearer_token
from nexus_actors.security.claims import PLATFORM_AUDIENCE

routes = Routes(tag="oauth")

GRANTS: Final = RateLimit(requests=60_000, per_s=60, burst=6_000, by="address", group="grants")
INTROSPECT: Final = "auth:introspect"
"""What a bearer needs to ask about tokens of others."""

_JSON: Final = "application/json"
_NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class OAuthError(Struct, frozen=True, kw_only=True):
    """An error answer (RFC 6749, section 5.2)."""

    error: str
    error_description: str


class KeySet(Struct, frozen=True, kw_only=True):
    """A JWK set (RFC 7517)."""

    keys: list[dict[str, str]]


class Metadata(Struct, frozen=True, kw_only=True):
    """What this authorization server can do (RFC 8414)."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    introspection_endpoint: str
    revocation_endpoint: str
    grant_types_supported: tuple[str, ...] = ("client_credentials", "refresh_token")
    response_types_supported: tuple[str, ...] = ()
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic", "client_secret_post", "none")
    introspection_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic", "client_secret_post")
    revocation_endpoint_auth_methods_supported: tuple[str, ...] = ("none",)


@routes.post(
    "/oauth2/token",
    scope=None,
    rate_limit=GRANTS,
    body_limit_bytes=BODY_LIMIT_BYTES,
    accepts=(FORM,),
    secret_body=True,
    answers={200: Tokens, 400: OAuthError, 401: OAuthError},
)
async def token(request: Request, body: bytes) -> Raw:
    """Get tokens, as a service account (`client_credentials`) or with a refresh token (`refresh_token`)."""
    try:
        form = read_form(body)
        match form.get("grant_type"):
            case "client_credentials":
                tokens = await _client_credentials(request, form)
            case "refresh_token":
                tokens = await _refresh(request, form)
            case None:
                return _error("invalid_request", "grant_type is missing.")
            case _:
                return _error("unsupported_grant_type", "grant_type is client_credentials or refresh_token.")
    except BadForm as error:
        return _error("invalid_request", str(error))
    except UnknownClient as error:
        return _unknown_client(error, request.headers.get("Authorization"))
    except Refusal as refusal:
        return _refused(refusal)
    return _answer(200, tokens)


@routes.post(
    "/oauth2/introspect",
    scope=None,
    rate_limit=CHECKS,
    body_limit_bytes=BODY_LIMIT_BYTES,
    accepts=(FORM,),
    secret_body=True,
    answers={200: Introspection, 400: OAuthError, 401: OAuthError},
)
async def introspect(request: Request, body: bytes) -> Raw:
    """Say whether a token is good at this moment, and what it allows.

    Who asks is a service account, or has a token with the scope `auth:introspect`. Of tokens that are not meant for the one
    who asks, nothing is said but that they are not active.
    """
    try:
        form = read_form(body)
        audience = await _who_asks(request, form)
    except BadForm as error:
        return _error("invalid_request", str(error))
    except UnknownClient as error:
        return _unknown_client(error, request.headers.get("Authorization"))
    if "token" not in form:
        return _error("invalid_request", "token is missing.")
    desk: Desk = request.deps
    return _answer(200, await inspect_token(desk, request.db, form["token"], audience, request.now))


@routes.post(
    "/oauth2/revoke",
    scope=None,
    rate_limit=REFRESHES,
    body_limit_bytes=BODY_LIMIT_BYTES,
    accepts=(FORM,),
    secret_body=True,
    answers={400: OAuthError},
)
async def revoke(request: Request, body: bytes) -> Raw:
    """Take a token back: an access token alone, or with a refresh token its whole session.

    Who holds a token may give it up. A token that is not good is answered alike (RFC 7009, section 2.2).
    """
    try:
        form = read_form(body)
    except BadForm as error:
        return _error("invalid_request", str(error))
    text = form.get("token")
    if text is None:
        return _error("invalid_request", "token is missing.")
    desk: Desk = request.deps
    if text.startswith(PREFIX):
        await _revoke_session(request, desk, text)
    else:
        await _revoke_access(request, desk, text)
    return Raw(body=b"", content_type=_JSON, headers=_NO_STORE)


@routes.get("/oauth2/jwks.json", scope=None)
async def jwks(request: Request) -> KeySet:
    """Show the public keys that tokens are verified with."""
    return KeySet(keys=await queries.key_set(request.db, request.now))


@routes.get("/.well-known/oauth-authorization-server", scope=None)
async def metadata(request: Request) -> Metadata:
    """Show what this authorization server can do."""
    desk: Desk = request.deps
    return Metadata(
        issuer=desk.issuer,
        token_endpoint=f"{desk.url}/oauth2/token",
        jwks_uri=f"{desk.url}/oauth2/jwks.json",
        introspection_endpoint=f"{desk.url}/oauth2/introspect",
        revocation_endpoint=f"{desk.url}/oauth2/revoke",
    )


async def _client_credentials(request: Request, form: Mapping[str, str]) -> Tokens:
    client = await authenticate(request.db, request.headers.get("Authorization"), form, request.now)
    issuer = Issuer(request.deps, request.db, request.ask, request.now)
    return await issuer.for_service(client.account, client.secret_version, _scopes(form))


async def _refresh(request: Request, form: Mapping[str, str]) -> Tokens:
    if "refresh_token" not in form:
        raise BadForm("refresh_token is missing.")
    desk: Desk = request.deps
    issuer = Issuer(desk, request.db, request.ask, request.now)
    return await renew_session(desk, issuer, request.ask, form["refresh_token"], _scopes(form))


def _scopes(form: Mapping[str, str]) -> list[str] | None:
    return form["scope"].split(" ") if "scope" in form else None


async def _who_asks(request: Request, form: Mapping[str, str]) -> str:
    """The audience that the asker stands for."""
    authorization = request.headers.get("Authorization")
    if uses_basic(authorization) or authorization is None:
        client = await authenticate(request.db, authorization, form, request.now)
        return client.account.name
    desk: Desk = request.deps
    try:
        token = bearer_token([authorization])
        verified = await check_token(request.db, token, PLATFORM_AUDIENCE, desk.issuer, request.now)
    except Unauthorised as error:
        raise UnknownClient(error.detail) from error
    if not verified.principal.may(INTROSPECT):
        raise UnknownClient(f"The token lacks the scope {INTROSPECT}.")
    return PLATFORM_AUDIENCE


async def _revoke_session(request: Request, desk: Desk, text: str) -> None:
    try:
        token = read_refresh_token(desk, text)
    except Refusal:
        return
    await request.ask(CloseSession(user_id=token.user_id, session_id=token.session_id, reason="logout"))


async def _revoke_access(request: Request, desk: Desk, text: str) -> None:
    try:
        verified = await check_token(request.db, text, PLATFORM_AUDIENCE, desk.issuer, request.now)
    except Unauthorised:
        return
    await request.ask(RevokeToken(token_id=verified.claims.jti, expires_at=verified.claims.expires_at))


def _refused(refusal: Refusal) -> Raw:
    if refusal.code == "invalid_refresh_token":
        return _error("invalid_grant", refusal.detail)
    if refusal.code == "scope_not_allowed":
        return _error("invalid_scope", refusal.detail)
    raise refusal


def _unknown_client(error: UnknownClient, authorization: str | None) -> Raw:
    answer = _error("invalid_client", str(error), status=401)
    scheme = "Bearer" if authorization is not None and not uses_basic(authorization) else "Basic"
    headers = {**answer.headers, "WWW-Authenticate": f'{scheme} realm="auth-ms"'}
    return msgspec.structs.replace(answer, headers=headers)


def _error(code: str, description: str, status: int = 400) -> Raw:
    return _answer(status, OAuthError(error=code, error_description=description))


def _answer(status: int, body: Struct) -> Raw:
    return Raw(body=msgspec.json.encode(body), content_type=_JSON, status=status, headers=_NO_STORE)


__all__ = ["Introspection", "routes"]
