"""What auth-ms shows and answers with."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from bus import Instant
from modules.infrastructure.auth.domain.access import MAX_ROLES, MAX_SCOPES
from modules.infrastructure.auth.domain.refresh import Step
from nexus_actors.rules import rule
from nexus_actors.typed_line import one_line

DisplayName = Annotated[str, rule(one_line, max_length=100, examples=["Ana Horvat"])]
Description = Annotated[str, rule(one_line, min_length=0, max_length=400)]
RoleName = Annotated[str, Meta(min_length=1, max_length=40, examples=["dispatcher"])]
RoleList = Annotated[tuple[RoleName, ...], Meta(min_length=1, max_length=MAX_ROLES)]
ScopeText = Annotated[str, Meta(min_length=1, max_length=80, examples=["fleet:read"])]
ScopeList = Annotated[tuple[ScopeText, ...], Meta(max_length=MAX_SCOPES)]

UserStatus = Literal["active", "suspended"]
TenantStatus = Literal["open", "closed"]
CloseReason = Literal["logout", "revoked", "expired", "evicted", "reuse", "password_changed", "suspended"]


class User(Struct, frozen=True, kw_only=True):
    """An account as administrators see it.

    Attributes:
        email: as it was given; the account answers to every spelling of it.
        version: grows with every change of what is shown here.
    """

    user_id: UUID
    email: str
    display_name: str
    status: UserStatus
    roles: tuple[str, ...]
    registered_at: Instant
    version: int


class Tenant(Struct, frozen=True, kw_only=True):
    """A tenant as the platform's administrators see it.

    Attributes:
        tenant: its name.
        open_to_sign_up: whether anybody may make an account there.
        status: of a closed one nobody gets in.
        version: grows with every change of what is shown here.
    """

    tenant: str
    open_to_sign_up: bool
    status: TenantStatus
    created_at: Instant
    version: int


class SessionGrant(Struct, frozen=True, kw_only=True):
    """Leave to issue tokens of a session.

    Attributes:
        wanted_scopes: what the tokens are limited to; None for all that the roles allow.
        counter: number of the refresh token to give out.
        granted_at: the instant of leave.
        refresh_until: when the session ends by itself unless it is renewed.
    """

    user_id: UUID
    session_id: UUID
    tenant: str
    roles: tuple[str, ...]
    wanted_scopes: tuple[str, ...] | None
    counter: int
    granted_at: Instant
    refresh_until: Instant


class Registration(Struct, frozen=True, kw_only=True):
    """How a registration ended: `created` is false where the address had an account already."""

    user_id: UUID
    created: bool


class Renewal(Struct, frozen=True, kw_only=True):
    """What a refresh token came to; with a grant only where the step is `renewed` or `replayed`.

    Attributes:
        step: None where there is no such session, or its account may not act.
    """

    step: Step | None
    grant: SessionGrant | None = None


class Role(Struct, frozen=True, kw_only=True):
    """A role of a tenant."""

    name: str
    description: str
    scopes: tuple[str, ...]
    built_in: bool
    version: int


class ServiceAccount(Struct, frozen=True, kw_only=True):
    """An account of a program.

    Attributes:
        account_id: its client id.
        old_secret_until: until when the secret before the last rotation is still taken.
    """

    account_id: UUID
    name: str
    scopes: tuple[str, ...]
    status: Literal["active", "disabled"]
    created_at: Instant
    old_secret_until: Instant | None
    version: int


class SigningKey(Struct, frozen=True, kw_only=True):
    """A signing key and its times."""

    kid: str
    alg: str
    activates_at: Instant
    retires_at: Instant | None
