"""Renewing a session with a refresh token."""

from collections.abc import Iterable

from bus import Refusal
from modules.infrastructure.auth.asking import Ask
from modules.infrastructure.auth.contract import RefreshSession
from modules.infrastructure.auth.desk import Desk
from modules.infrastructure.auth.domain.refresh import RefreshToken, read_token
from modules.infrastructure.auth.issuing import Issuer, Tokens
from nexus_actors.security.compact import MalformedToken


def read_refresh_token(desk: Desk, text: str) -> RefreshToken:
    """The refresh token behind a text.

    Raises:
        Refusal: unauthorised, it was not issued here.
    """
    try:
        return read_token(text, desk.vault.refresh_keys)
    except MalformedToken as error:
        raise _refused() from error


async def renew_session(desk: Desk, issuer: Issuer, ask: Ask, text: str, wanted: Iterable[str] | None) -> Tokens:
    """The next tokens of a session.

    Raises:
        Refusal: unauthorised, the refresh token is not, or no longer, good for any; invalid, no wanted scope is allowed.
    """
    token = read_refresh_token(desk, text)
    command = RefreshSession(user_id=token.user_id, session_id=token.session_id, counter=token.counter)
    renewal = await ask(command)
    if renewal.grant is None:
        raise _refused()
    return await issuer.for_session(renewal.grant, wanted)


def _refused() -> Refusal:
    detail = "The refresh token is unknown, used or expired, or its session has ended. Log in again."
    return Refusal.unauthorised("invalid_refresh_token", detail)
