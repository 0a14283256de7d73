"""Verification of access tokens, by every process for itself."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from msgspec import Struct

from nexus_actors.http.tokens import Unauthorised
from nexus_actors.principal import Principal
from nexus_actors.security.claims import (
    CLOCK_SKEW,
    LONGEST_TOKEN_LIFE,
    PLATFORM_AUDIENCE,
    TOKEN_TYPE,
    AccessClaims,
    read_claims,
)
from nexus_actors.security.compact import MAX_TOKEN_BYTES, MalformedToken, parse_compact
from nexus_actors.security.keys import VerificationKey
from nexus_actors.security.trust import TrustStore

DEFAULT_CACHE_SIZE = 8192

_HEADER_MEMBERS = frozenset({"alg", "kid", "typ"})
_SKEW_S = int(CLOCK_SKEW.total_seconds())
_LONGEST_S = int(LONGEST_TOKEN_LIFE.total_seconds())


class VerifiedToken(Struct, frozen=True):
    """A token whose signature and form were found right. Time, trust and audience are asked anew at every use."""

    kid: str
    claims: AccessClaims
    principal: Principal


class JwtVerifier:
    """Verifies access tokens (RFC 9068) against the keys and revocations of a trust store.

    A token names its key, the key names the algorithm: what the header says about algorithms, keys or extensions is never
    obeyed. Signatures that were found right are remembered by the token's digest; expiry, retired keys and revocations are
    asked at every use, so a change of the trust store takes effect with the next request.
    Not thread safe; does no I/O.
    """

    def __init__(
        self,
        trust: TrustStore,
        issuer: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        cache_size: int = DEFAULT_CACHE_SIZE,
    ) -> None:
        self._trust = trust
        self._issuer = issuer
        self._clock = clock
        self._cache_size = cache_size
        self._verified: OrderedDict[bytes, VerifiedToken] = OrderedDict()

    def verify(self, token: str, audience: str) -> Principal:
        """Who the bearer of the token is.

        Args:
            token: the token as it stands in the Authorization header.
            audience: name of the service that was asked.

        Raises:
            Unauthorised: the token is malformed, foreign, tampered, expired, revoked, or meant for another service.
        """
        return self.inspect(token, audience).principal

    def inspect(self, token: str, audience: str) -> VerifiedToken:
        """As `verify`, with all that the token says."""
        now = self._clock()
        if len(token) > MAX_TOKEN_BYTES:
            raise _malformed()
        digest = sha256(token.encode("utf-8", "replace")).digest()
        verified = self._verified.get(digest)
        if verified is None:
            verified = self._verify_signature(token, now)
            self._remember(digest, verified)
        else:
            self._verified.move_to_end(digest)
        self._check_time(verified.claims, now)
        self._check_trust(verified, now)
        if audience not in verified.claims.aud and PLATFORM_AUDIENCE not in verified.claims.aud:
            raise Unauthorised("token_wrong_audience", f"This token is not meant for {audience}. Ask for one that is.")
        return verified

    def cached(self) -> int:
        """How many tokens are remembered."""
        return len(self._verified)

    def _verify_signature(self, token: str, now: datetime) -> VerifiedToken:
        try:
            parsed = parse_compact(token)
            key = self._key_of(parsed.header, now)
            jws.deserialize_compact(token, key.key, algorithms=[key.alg])
            claims = read_claims(parsed.payload)
        except MalformedToken as error:
            raise _malformed() from error
        except JoseError as error:
            raise Unauthorised("token_bad_signature", "The token's signature is wrong. Log in again.") from error
        if claims.iss != self._issuer:
            raise Unauthorised("token_wrong_issuer", "The token was not issued by this platform.")
        if not 0 < claims.exp - claims.iat <= _LONGEST_S:
            raise _malformed()
        return VerifiedToken(kid=key.kid, claims=claims, principal=_principal(claims))

    def _key_of(self, header: dict[str, Any], now: datetime) -> VerificationKey:
        kid = header.get("kid")
        if header.keys() != _HEADER_MEMBERS or header["typ"] != TOKEN_TYPE or not isinstance(kid, str):
            raise Unauthorised("token_wrong_type", f"The token's header is not that of an access token ({TOKEN_TYPE}).")
        key = self._trust.key(kid, now)
        if key is None:
            raise Unauthorised("token_unknown_key", "The key that signed the token is unknown or retired. Log in again.")
        if header["alg"] != key.alg:
            raise Unauthorised("token_wrong_algorithm", "The token is signed by another algorithm than its key is for.")
        return key

    def _check_time(self, claims: AccessClaims, now: datetime) -> None:
        seconds = int(now.timestamp())
        if claims.exp + _SKEW_S <= seconds:
            raise Unauthorised("token_expired", "The token has expired. Refresh it or log in again.")
        if max(claims.iat, claims.nbf or 0) - _SKEW_S > seconds:
            raise Unauthorised("token_not_yet_valid", "The token is not valid yet. Check the clock of this machine.")

    def _check_trust(self, verified: VerifiedToken, now: datetime) -> None:
        claims, trust = verified.claims, self._trust
        if trust.key(verified.kid, now) is None:
            raise Unauthorised("token_unknown_key", "The key that signed the token is retired. Log in again.")
        if (
            trust.revoked("token", claims.jti)
            or trust.revoked("session", claims.sid)
            or trust.revoked("subject", claims.sub, claims.granted_at)
        ):
            raise Unauthorised("token_revoked", "The token has been revoked. Log in again.")

    def _remember(self, digest: bytes, verified: VerifiedToken) -> None:
        self._verified[digest] = verified
        if len(self._verified) > self._cache_size:
            self._verified.popitem(last=False)


def _principal(claims: AccessClaims) -> Principal:
    return Principal(
        subject=claims.sub,
        tenant=claims.tid,
        scopes=frozenset(claims.scope.split()),
        session_id=None if claims.of_service else claims.sid,
        kind="service" if claims.of_service else "user",
    )


def _malformed() -> Unauthorised:
    return Unauthorised("token_malformed", "This is not a well-formed access token. Log in to get one.")
