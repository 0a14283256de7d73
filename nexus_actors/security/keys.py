"""Public signing keys as the verifier uses them."""

from collections.abc import Mapping
from datetime import datetime

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from msgspec import Struct

Key = ECKey | RSAKey | OKPKey
_Members = dict[str, str | list[str]]

MIN_RSA_BITS = 2048
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class UnusableKey(ValueError):
    """Raised when a JWK is no public key of an allowed algorithm."""


class VerificationKey(Struct, frozen=True):
    """A public key with the one algorithm that it may be used with, and its time.

    Attributes:
        retires_at: when its tokens stop being good; None while that is not decided.
    """

    kid: str
    alg: str
    key: Key
    activates_at: datetime
    retires_at: datetime | None = None


def public_key(jwk: Mapping[str, str]) -> tuple[str, Key]:
    """The algorithm and key of a public JWK (RFC 7517, 7518, 8037; `Ed25519` as in RFC 9864).

    The algorithm is fixed by the key, never chosen by a token: P-256 for ES256, RSA of 2048 bits or more for RS256, Ed25519.

    Raises:
        UnusableKey: any other key, a private one, or one whose members do not make a key.
    """
    if _PRIVATE_MEMBERS & jwk.keys():
        raise UnusableKey("The JWK holds private members. Only public keys may be published.")
    members: _Members = {name: value for name, value in jwk.items() if name not in ("kid", "alg", "use")}
    alg = jwk.get("alg", "")
    try:
        return alg, _import(alg, members)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise UnusableKey(f"The JWK is no public key for {alg or 'an algorithm: alg is missing'}.") from error


def _import(alg: str, members: _Members) -> Key:
    kind = (alg, members.get("kty"), members.get("crv"))
    if kind == ("ES256", "EC", "P-256"):
        return ECKey.import_key(members)
    if kind == ("Ed25519", "OKP", "Ed25519"):
        return OKPKey.import_key(members)
    if kind == ("RS256", "RSA", None):
        return _import_rsa(members)
    raise ValueError("not an allowed combination of alg, kty and crv")


def _import_rsa(members: _Members) -> RSAKey:
    too_small = ValueError(f"an RSA key under {MIN_RSA_BITS} bits")
    if len(members["n"]) * 6 < MIN_RSA_BITS:
        raise too_small
    key = RSAKey.import_key(members)
    if key.public_key.key_size < MIN_RSA_BITS:
        raise too_small
    return key
