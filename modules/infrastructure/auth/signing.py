"""Signing keys: making them, and signing with them."""

import json
from typing import Any, Final

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey
from msgspec import Struct

from modules.infrastructure.auth.domain.grant import header_of
from nexus_actors.security.keys import Key

DEFAULT_ALG: Final = "ES256"
"""It signs in an eighth of the time of RS256 and verifies in twice its time, and a token is verified once per process."""

ALGORITHMS: Final = ("ES256", "RS256", "Ed25519")
_RSA_BITS: Final = 2048


class NewKey(Struct, frozen=True):
    """A key pair that was just made.

    Attributes:
        kid: the RFC 7638 thumbprint of the public key.
        jwk: the public key, with `alg`.
        private: the private key as a JWK in JSON.
    """

    kid: str
    alg: str
    jwk: dict[str, str]
    private: bytes


class SigningPair(Struct, frozen=True):
    """A key that signs."""

    kid: str
    alg: str
    key: Key

    def sign(self, claims: dict[str, Any]) -> str:
        """The signed token (RFC 7515, compact)."""
        payload = json.dumps(claims, separators=(",", ":")).encode()
        return jws.serialize_compact(header_of(self.kid, self.alg), payload, self.key, algorithms=[self.alg])


def make_key(alg: str) -> NewKey:
    """A new key pair. RSA takes a tenth of a second and more; call it in a thread.

    Raises:
        ValueError: the algorithm is none of those allowed.
    """
    key = _generate(alg)
    public = {name: value for name, value in key.as_dict(private=False).items() if isinstance(value, str)}
    members = {name: public[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in public}
    private = json.dumps(key.as_dict(private=True)).encode()
    return NewKey(key.thumbprint(), alg, members | {"alg": alg}, private)


def load_pair(kid: str, alg: str, private: bytes) -> SigningPair:
    """The key pair behind the private JWK that `make_key` has written."""
    members = json.loads(private)
    kinds: dict[str, type[ECKey | RSAKey | OKPKey]] = {"EC": ECKey, "RSA": RSAKey, "OKP": OKPKey}
    return SigningPair(kid, alg, kinds[members["kty"]].import_key(members))


def _generate(alg: str) -> Key:
    match alg:
        case "ES256":
            return ECKey.generate_key("P-256")
        case "RS256":
            return RSAKey.generate_key(_RSA_BITS)
        case "Ed25519":
            return OKPKey.generate_key("Ed25519")
    raise ValueError(f"{alg!r} is no algorithm for access tokens. Choose one of {', '.join(ALGORITHMS)}.")
