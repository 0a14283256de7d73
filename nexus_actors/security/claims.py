"""Claims of an access token (RFC 9068), read strictly."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from nexus_actors.security.compact import MalformedToken

TOKEN_TYPE = "at+jwt"  # noqa: S105 - the media type of RFC 9068
PLATFORM_AUDIENCE = "nexus"
"""The audience of tokens that every service takes."""

LONGEST_TOKEN_LIFE = timedelta(minutes=10)
CLOCK_SKEW = timedelta(seconds=60)
"""How far the clocks of two machines may be apart."""

_MAX_TEXT = 255
_MAX_SCOPES = 2048
_MAX_SECONDS = 253_402_300_799
_MAX_AUDIENCES = 64


class AccessClaims(Struct, frozen=True, kw_only=True):
    """What an access token says.

    Attributes:
        tid: the tenant.
        sid: the session; for a service account what stands for the secret that the token was granted for.
        granted_us: when auth-ms granted it, in microseconds since 1970, by the clock that revocations are stamped with.
    """

    iss: str
    sub: str
    aud: tuple[str, ...]
    client_id: str
    jti: str
    tid: str
    scope: str
    iat: int
    exp: int
    nbf: int | None
    granted_us: int
    sid: str

    @property
    def of_service(self) -> bool:
        """Whether a service account acts for itself: then it is subject and client in one (RFC 9068, section 2.2)."""
        return self.sub == self.client_id

    @property
    def granted_at(self) -> datetime:
        """When the token was granted."""
        return datetime.fromtimestamp(self.granted_us // 1_000_000, UTC) + timedelta(microseconds=self.granted_us % 1_000_000)

    @property
    def expires_at(self) -> datetime:
        """When the token expires."""
        return datetime.fromtimestamp(self.exp, UTC)


def read_claims(payload: Mapping[str, Any]) -> AccessClaims:
    """The claims of a payload. Instants must be whole numbers: no booleans, no fractions, no text.

    Raises:
        MalformedToken: a claim is missing, of another type, or out of range.
    """
    claims = AccessClaims(
        iss=_text(payload, "iss"),
        sub=_text(payload, "sub"),
        aud=_audience(payload.get("aud")),
        client_id=_text(payload, "client_id"),
        jti=_text(payload, "jti"),
        tid=_text(payload, "tid"),
        scope=_text(payload, "scope", empty=True, limit=_MAX_SCOPES),
        iat=_seconds(payload, "iat"),
        exp=_seconds(payload, "exp"),
        nbf=_seconds(payload, "nbf") if "nbf" in payload else None,
        granted_us=_whole(payload, "granted_us", _MAX_SECONDS * 1_000_000),
        sid=_text(payload, "sid"),
    )
    if claims.granted_us // 1_000_000 != claims.iat:
        raise MalformedToken("The token's iat and granted_us are different instants.")
    return claims


def _text(payload: Mapping[str, Any], name: str, *, empty: bool = False, limit: int = _MAX_TEXT) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or len(value) > limit or not (value or empty) or not value.isascii():
        raise MalformedToken(f"The token's {name} is missing or no usable text.")
    return value


def _seconds(payload: Mapping[str, Any], name: str) -> int:
    return _whole(payload, name, _MAX_SECONDS)


def _whole(payload: Mapping[str, Any], name: str, limit: int) -> int:
    value = payload.get(name)
    if type(value) is not int or not 0 <= value <= limit:
        raise MalformedToken(f"The token's {name} is missing or no instant.")
    return value


def _audience(value: object) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not 0 < len(items) <= _MAX_AUDIENCES:
        raise MalformedToken("The token's aud is missing or no list of names.")
    if not all(isinstance(item, str) and item for item in items):
        raise MalformedToken("The token's aud holds something that is no name.")
    return tuple(items)
