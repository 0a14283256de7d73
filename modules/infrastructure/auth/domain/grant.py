"""What an access token is made of."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct

from nexus_actors.security.claims import LONGEST_TOKEN_LIFE, PLATFORM_AUDIENCE, TOKEN_TYPE

FIRST_PARTY = "nexus"
"""The client id of the platform's own pages and apps."""

_EPOCH_US = timedelta(microseconds=1)


class Grant(Struct, frozen=True, kw_only=True):
    """Leave to issue an access token.

    Attributes:
        subject: the user or service account.
        session_id: the session; for a service account what `service_session` gives.
        granted_at: when leave was given, by the clock of whoever decides on revocations.
    """

    subject: str
    tenant: str
    scopes: frozenset[str]
    granted_at: datetime
    session_id: str
    client_id: str = FIRST_PARTY
    audience: tuple[str, ...] = (PLATFORM_AUDIENCE,)


def claims_of(grant: Grant, issuer: str, token_id: str, life: timedelta = LONGEST_TOKEN_LIFE) -> dict[str, Any]:
    """The claims of an access token (RFC 9068), with ``tid``, ``sid`` and the exact instant of the grant."""
    granted_us = microseconds(grant.granted_at)
    issued = granted_us // 1_000_000
    return {
        "iss": issuer,
        "sub": grant.subject,
        "aud": list(grant.audience),
        "client_id": grant.client_id,
        "tid": grant.tenant,
        "scope": scope_text(grant.scopes),
        "iat": issued,
        "exp": issued + int(life.total_seconds()),
        "granted_us": granted_us,
        "jti": token_id,
        "sid": grant.session_id,
    }


def service_session(account_id: UUID, secret_version: int) -> str:
    """What stands for the session in a service account's tokens: the secret that they were granted for."""
    return f"{account_id}.{secret_version}"


def header_of(kid: str, alg: str) -> dict[str, Any]:
    """The header of an access token: three members and never another."""
    return {"alg": alg, "kid": kid, "typ": TOKEN_TYPE}


def scope_text(scopes: Iterable[str]) -> str:
    """Scopes as one text (RFC 6749, section 3.3), sorted."""
    return " ".join(sorted(scopes))


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (instant - datetime.fromtimestamp(0, instant.tzinfo)) // _EPOCH_US
