"""What auth-ms tells every process of the platform, so that each of them verifies tokens by itself."""

from typing import Literal

from bus import Event, Instant, Topic

AUTH = Topic("auth-ms", partitions=8)

RevocationKind = Literal["token", "session", "subject", "key"]


class SigningKeyPublished(Event, topic=AUTH, key="ring"):
    """A public key joined the key set. It comes before the first token that it signs.

    Attributes:
        ring: name of the key ring, one for the platform: it keeps the events of all keys in order.
        kid: id of the key, the RFC 7638 thumbprint of its public half.
        jwk: the public key as JWK members (RFC 7517), with `alg`.
        activates_at: from when tokens may be signed with it.
    """

    ring: str
    kid: str
    jwk: dict[str, str]
    activates_at: Instant


class SigningKeyRetired(Event, topic=AUTH, key="ring"):
    """A key leaves the key set at an instant. From then on its tokens are refused."""

    ring: str
    kid: str
    retires_at: Instant


class TokensRevoked(Event, topic=AUTH, key="value"):
    """Tokens are refused from now on although they have not expired.

    Attributes:
        kind: what `value` names. `token` a jti, `session` a sid, `subject` a user or service account, `key` a kid.
        value: the id. Of a subject only the tokens granted up to `revoked_at` are refused, of all others every token.
        revoked_at: the instant of the revocation.
        not_after: when the last of these tokens has expired and the revocation may be forgotten.
        reason: why, as a stable snake_case word.
    """

    kind: RevocationKind
    value: str
    revoked_at: Instant
    not_after: Instant
    reason: str
