"""What auth-ms reads."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from bus import FieldError, Refusal
from modules.infrastructure.auth.contract import SigningKey, Tenant, UserStatus
from modules.infrastructure.auth.domain.access import ADMINISTRATOR, BUILT_IN_ROLES, scopes_of
from nexus_actors.database import Database, Reader
from nexus_actors.security.trust import TrustStore


class Credential(Struct, frozen=True, kw_only=True):
    """What a login is compared with."""

    user_id: UUID
    sealed_password: bytes
    password_version: int


class ServiceCredential(Struct, frozen=True, kw_only=True):
    """What a program's secret is compared with, and what it may do."""

    account_id: UUID
    tenant: str
    name: str
    scopes: frozenset[str]
    secret_version: int
    secret_sha256: bytes
    old_secret_sha256: bytes | None


class Session(Struct, frozen=True, kw_only=True):
    """A session as its owner sees it.

    Attributes:
        device: what the client called itself.
        place: the network that it was opened from.
        ends_at: when it ends by itself unless it is renewed.
        current: it is the one that asks.
    """

    session_id: UUID
    device: str
    place: str
    opened_at: datetime
    renewed_at: datetime
    ends_at: datetime
    current: bool


class Standing(Struct, frozen=True, kw_only=True):
    """How a session and its account stand."""

    tenant: str
    status: UserStatus
    roles: tuple[str, ...]
    ends_at: datetime


_TENANT = "SELECT tenant, open_to_sign_up, status, created_at, version FROM tenants"


async def tenant(db: Reader, name: str) -> Tenant:
    """A tenant.

    Raises:
        Refusal: not found, there is none of this name.
    """
    row = await db.fetchrow(f"{_TENANT} WHERE tenant = $1", name)
    if row is None:
        raise Refusal.not_found("tenant_not_found", "There is no such tenant.")
    return msgspec.convert(dict(row), Tenant)


async def tenants(db: Reader, after: str | None, limit: int) -> list[Tenant]:
    """The tenants beyond a name, in the order of their names."""
    rows = await db.fetch(f"{_TENANT} WHERE tenant > $1 ORDER BY tenant LIMIT $2", after or "", limit)
    return [msgspec.convert(dict(row), Tenant) for row in rows]


async def is_closed(db: Reader, tenant: str) -> bool:
    """Whether a tenant was closed."""
    return bool(await db.fetchval("SELECT status = 'closed' FROM tenants WHERE tenant = $1", tenant))


async def is_open_to_sign_up(db: Database, tenant: str) -> bool:
    """Whether anybody may make an account in a tenant."""
    return bool(await db.fetchval("SELECT open_to_sign_up AND status = 'open' FROM tenants WHERE tenant = $1", tenant))


async def administrator(db: Database, tenant: str, address: str) -> UUID | None:
    """The administrator of a tenant who has an address in its normal form."""
    sql = "SELECT user_id FROM accounts WHERE tenant = $1 AND address = $2 AND $3 = ANY (roles)"
    user_id: UUID | None = await db.fetchval(sql, tenant, address, ADMINISTRATOR)
    return user_id


async def credential(db: Database, tenant: str, address: str) -> Credential | None:
    """The credential of an address in its normal form."""
    sql = "SELECT user_id, sealed_password, password_version FROM accounts WHERE tenant = $1 AND address = $2"
    row = await db.fetchrow(sql, tenant, address)
    return None if row is None else msgspec.convert(dict(row), Credential)


async def credential_of(db: Database, tenant: str, user_id: UUID) -> Credential | None:
    """The credential of a user."""
    sql = "SELECT user_id, sealed_password, password_version FROM accounts WHERE tenant = $1 AND user_id = $2"
    row = await db.fetchrow(sql, tenant, user_id)
    return None if row is None else msgspec.convert(dict(row), Credential)


async def sessions(db: Database, user_id: UUID, current: str | None, now: datetime) -> list[Session]:
    """The live sessions of a user, the last renewed first."""
    sql = """
        SELECT session_id, device, place, opened_at, renewed_at, ends_at, session_id::text = $2 AS current FROM sessions
        WHERE user_id = $1 AND closed_at IS NULL AND ends_at > $3
        ORDER BY renewed_at DESC, session_id
    """
    return [msgspec.convert(dict(row), Session) for row in await db.fetch(sql, user_id, current or "", now)]


async def standing(db: Database, user_id: UUID, session_id: UUID, now: datetime) -> Standing | None:
    """How a live session stands; None where it has ended or there is none."""
    sql = """
        SELECT a.tenant, a.status, a.roles, s.ends_at FROM sessions s JOIN accounts a USING (user_id)
        WHERE s.user_id = $1 AND s.session_id = $2 AND s.closed_at IS NULL AND s.ends_at > $3
    """
    row = await db.fetchrow(sql, user_id, session_id, now)
    return None if row is None else msgspec.convert(dict(row), Standing)


async def scopes_of_roles(db: Reader, tenant: str, roles: Iterable[str], *, strict: bool = True) -> frozenset[str]:
    """The scopes that a tenant's roles give together.

    Args:
        db: the schema of auth-ms.
        tenant: whose roles.
        roles: their names.
        strict: whether a role that is not defined is refused; otherwise it allows nothing.

    Raises:
        Refusal: invalid, there is no such role.
    """
    names = frozenset(roles)
    defined = await _defined(db, tenant, names - BUILT_IN_ROLES.keys())
    unknown = sorted(names - BUILT_IN_ROLES.keys() - defined.keys())
    if strict and unknown:
        field = FieldError("$.roles", f"There is no role {', '.join(unknown)} here.")
        raise Refusal.invalid("unknown_role", "A role is not defined. Define it first, or correct its name.", field)
    return scopes_of(names, defined)


async def _defined(db: Reader, tenant: str, names: Iterable[str]) -> Mapping[str, frozenset[str]]:
    wanted = list(names)
    if not wanted:
        return {}
    rows = await db.fetch("SELECT name, scopes FROM roles WHERE tenant = $1 AND name = ANY($2)", tenant, wanted)
    return {row["name"]: frozenset(row["scopes"]) for row in rows}


async def service_credential(db: Database, account_id: UUID, now: datetime) -> ServiceCredential | None:
    """The credential of a service account that is not disabled, and whose tenant is not closed."""
    sql = """
        SELECT account_id, tenant, name, scopes, secret_version, secret_sha256,
            CASE WHEN old_secret_until > $2 THEN old_secret_sha256 END AS old_secret_sha256
        FROM service_accounts WHERE account_id = $1 AND status = 'active'
            AND NOT EXISTS (SELECT FROM tenants t WHERE t.tenant = service_accounts.tenant AND t.status = 'closed')
    """
    row = await db.fetchrow(sql, account_id, now)
    return None if row is None else msgspec.convert(dict(row), ServiceCredential)


async def signing_keys(db: Database, now: datetime) -> list[SigningKey]:
    """The keys that are trusted or will be, in the order in which they come into use."""
    sql = """
        SELECT kid, jwk ->> 'alg' AS alg, activates_at, retires_at FROM nexus.signing_keys
        WHERE retires_at IS NULL OR retires_at > $1 ORDER BY activates_at, kid
    """
    return [msgspec.convert(dict(row), SigningKey) for row in await db.fetch(sql, now)]


async def key_set(db: Database, now: datetime) -> list[dict[str, str]]:
    """The public keys as a JWK set (RFC 7517) shows them."""
    sql = """
        SELECT kid, jwk FROM nexus.signing_keys
        WHERE retires_at IS NULL OR retires_at > $1 ORDER BY activates_at, kid
    """
    return [
        {"kid": row["kid"], "use": "sig"} | msgspec.json.decode(row["jwk"], type=dict[str, str])
        for row in await db.fetch(sql, now)
    ]


async def trust_for(db: Database, kid: str, token_id: str, session_id: str, subject: str) -> TrustStore:
    """What the database says now about one token: its key and its revocations."""
    trust = TrustStore()
    keys = await db.fetch("SELECT kid, jwk, activates_at, retires_at FROM nexus.signing_keys WHERE kid = $1", kid)
    trust.take_rows(keys, await db.fetch(_REVOCATIONS, token_id, session_id, subject))
    return trust


_REVOCATIONS = """
SELECT kind, value, revoked_at, not_after FROM nexus.revocations
WHERE (kind = 'token' AND value = $1) OR (kind = 'session' AND value = $2) OR (kind = 'subject' AND value = $3)
"""
