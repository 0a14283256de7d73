"""Bearer tokens (RFC 6750): where they stand in a request, and who reads them."""

from collections.abc import Sequence
from typing import Protocol

from nexus_actors.principal import Principal

MAX_TOKEN_BYTES = 8192
"""Longer tokens are refused unread."""

_SCHEME = "bearer"


class Unauthorised(Exception):
    """Raised when a token does not make its bearer known.

    Attributes:
        code: stable snake_case name of the reason.
        detail: what happened and what to do, safe to show to the caller.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class TokenVerifier(Protocol):
    """Reads tokens.

    Called on the event loop for every request that needs a token: it must not block. Not called from other threads.
    """

    def verify(self, token: str, audience: str) -> Principal:
        """Who the bearer of the token is.

        Args:
            token: the token as it stands in the Authorization header.
            audience: name of the service that was asked.

        Raises:
            Unauthorised: the token is malformed, foreign, tampered, expired, revoked, or meant for another service.
        """


def bearer_token(headers: Sequence[str]) -> str:
    """The token of a request.

    Args:
        headers: the values of its Authorization headers.

    Raises:
        Unauthorised: there is none, there are several, it is of another scheme, or it is longer than `MAX_TOKEN_BYTES`.
    """
    if not headers:
        raise Unauthorised("token_missing", "This needs a token. Log in and send it as Authorization: Bearer <token>.")
    if len(headers) > 1:
        raise Unauthorised("token_malformed", "There are several Authorization headers. Send one.")
    scheme, _, token = headers[0].partition(" ")
    token = token.strip(" ")
    if scheme.lower() != _SCHEME or not token:
        raise Unauthorised("token_malformed", "The Authorization header is of another form than: Bearer <token>.")
    if len(token) > MAX_TOKEN_BYTES:
        raise Unauthorised("token_malformed", f"The token is longer than {MAX_TOKEN_BYTES} bytes. Log in to get a new one.")
    return token


def challenge(realm: str, error: str | None = None, detail: str = "", scope: str | None = None) -> str:
    """The value of a WWW-Authenticate header (RFC 6750, section 3).

    Args:
        realm: name of the service.
        error: ``invalid_token`` or ``insufficient_scope``; None where no token was sent.
        detail: why, for the developer of the client.
        scope: what the token would need.
    """
    parts = [f'realm="{_quotable(realm)}"']
    if error is not None:
        parts.append(f'error="{error}"')
        parts.append(f'error_description="{_quotable(detail)}"')
    if scope is not None:
        parts.append(f'scope="{_quotable(scope)}"')
    return "Bearer " + ", ".join(parts)


def _quotable(text: str) -> str:
    """The characters of a text that RFC 6750 allows inside the quotes."""
    return "".join(character for character in text if " " <= character <= "~" and character not in '"\\')
