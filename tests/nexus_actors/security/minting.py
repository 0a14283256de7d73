"""Makes tokens with PyJWT, an implementation that shares nothing with ours, and by hand where no library would."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from nexus_actors.security.trust import TrustStore
from nexus_actors.security.verifier import JwtVerifier

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
ISSUER = "nexus-cos"

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


class Mint:
    """A signing key whose public half a trust store knows, a verifier over that store, and a clock."""

    def __init__(self, alg: str = "ES256", kid: str = "k1") -> None:
        self.alg = alg
        self.kid = kid
        self.private = make_private(alg)
        self.clock = Clock()
        self.trust = TrustStore()
        self.trust.add_key(kid, public_jwk(self.private, alg), NOW - timedelta(days=1))
        self.verifier = JwtVerifier(self.trust, ISSUER, self.clock)

    def token(self, claims: dict[str, Any] | None = None, header: dict[str, Any] | None = None) -> str:
        """A token with these claims and header members; None as a value leaves the member out."""
        payload = without_none(claims_at(NOW) | (claims or {}))
        return sign_raw(json.dumps(without_none(self.header() | (header or {}))), json.dumps(payload), self.private, self.alg)

    def raw(self, header: str, payload: str) -> str:
        """A rightly signed token of any header and payload text."""
        return sign_raw(header, payload, self.private, self.alg)

    def header(self) -> dict[str, Any]:
        return {"alg": self.alg, "kid": self.kid, "typ": "at+jwt"}


def make_private(alg: str) -> PrivateKey:
    match alg:
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case "RS256":
            return rsa.generate_private_key(65537, 2048)
        case _:
            return ed25519.Ed25519PrivateKey.generate()


def public_jwk(private: PrivateKey, alg: str) -> dict[str, str]:
    algorithm = jwt.get_algorithm_by_name("EdDSA" if alg == "Ed25519" else alg)
    members = json.loads(algorithm.to_jwk(private.public_key()))
    return {name: members[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in members} | {"alg": alg}


def public_pem(private: PrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def claims_at(now: datetime) -> dict[str, Any]:
    granted_us = (now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return {
        "iss": ISSUER,
        "sub": "user-1",
        "aud": ["nexus"],
        "client_id": "nexus",
        "jti": "token-1",
        "tid": "main",
        "sid": "session-1",
        "scope": "fleet:read tracker:*",
        "iat": granted_us // 1_000_000,
        "exp": granted_us // 1_000_000 + 600,
        "granted_us": granted_us,
    }


def sign_raw(header: str, payload: str, private: PrivateKey, alg: str) -> str:
    signing_input = f"{b64(header.encode())}.{b64(payload.encode())}"
    algorithm = jwt.get_algorithm_by_name("EdDSA" if alg == "Ed25519" else alg)
    return f"{signing_input}.{b64(algorithm.sign(signing_input.encode(), private))}"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
