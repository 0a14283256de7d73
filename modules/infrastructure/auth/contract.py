"""What auth-ms accepts and publishes: accounts, sessions, roles, service accounts and signing keys.

Its commands are internal: the HTTP face checks secrets first and asks then. No message carries a password, a token or a key
in clear; what is called `sealed` only auth-ms can open. The events of keys and revocations belong to the runtime, which
follows them in every process; they are named here as well, for they are published by this service.
"""

from collections.abc import Iterator
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from bus import Command, Event, FieldError, Instant
from modules.infrastructure.auth.domain.access import MAX_ROLES, MAX_SCOPES
from modules.infrastructure.auth.domain.key_schedule import Rotation
from modules.infrastructure.auth.domain.refresh import Step
from nexus_actors.rules import rule
from nexus_actors.security.contract import AUTH as AUTH  # noqa: PLC0414 - named here for those who read contracts, as the next ones
from nexus_actors.security.contract import SigningKeyPublished as SigningKeyPublished  # noqa: PLC0414
from nexus_actors.security.contract import SigningKeyRetired as SigningKeyRetired  # noqa: PLC0414
from nexus_actors.security.contract import TokensRevoked as TokensRevoked  # noqa: PLC0414
from nexus_actors.typed_line import one_line

RING = "platform"
"""The key of the one key ring."""

DisplayName = Annotated[str, rule(one_line, max_length=100, examples=["Ana Horvat"])]
Description = Annotated[str, rule(one_line, min_length=0, max_length=400)]
RoleName = Annotated[str, Meta(min_length=1, max_length=40, examples=["dispatcher"])]
RoleList = Annotated[tuple[RoleName, ...], Meta(min_length=1, max_length=MAX_ROLES)]
ScopeText = Annotated[str, Meta(min_length=1, max_length=80, examples=["fleet:read"])]
ScopeList = Annotated[tuple[ScopeText, ...], Meta(max_length=MAX_SCOPES)]

UserStatus = Literal["active", "suspended"]
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


class RegisterAccount(Command[Registration], topic=AUTH, key="user_id", noun="account"):
    """Make an account. Where the address has one in this tenant, nothing changes.

    Attributes:
        temporary_until: until when the password may be replaced, without which nobody logs in; None for one that stays.
    """

    user_id: UUID
    tenant: str
    email: str
    address: str
    display_name: DisplayName
    roles: tuple[str, ...]
    sealed_password: bytes
    place: str
    temporary_until: Instant | None = None

    def faults(self) -> Iterator[FieldError]:
        """More roles than anybody can be given later."""
        if len(self.roles) > MAX_ROLES:
            yield FieldError("$.roles", f"These are {len(self.roles)} roles, and an account has up to {MAX_ROLES}.")


class OpenSession(Command[SessionGrant], topic=AUTH, key="user_id"):
    """Open a session for somebody whose password was found right.

    Attributes:
        password_version: the version of the password that was compared.
        device: what the client calls itself.
        wanted_scopes: what the tokens are to be limited to; None for all that the roles allow.
    """

    user_id: UUID
    password_version: int
    place: str
    device: str
    wanted_scopes: tuple[str, ...] | None


class RecordFailedLogin(Command[None], topic=AUTH, key="user_id"):
    """Count a wrong password. It is asked for unknown addresses too, under the id of no account, so that both take as long."""

    user_id: UUID
    place: str


class RefreshSession(Command[Renewal], topic=AUTH, key="user_id"):
    """Use a refresh token whose signature was found right."""

    user_id: UUID
    session_id: UUID
    counter: int


class CloseSession(Command[bool], topic=AUTH, key="user_id"):
    """End a session; the answer says whether it was open."""

    user_id: UUID
    session_id: UUID
    reason: CloseReason


class ChangePassword(Command[None], topic=AUTH, key="user_id"):
    """Set a new password and end all sessions but one."""

    user_id: UUID
    password_version: int
    sealed_password: bytes
    place: str
    keep_session: UUID | None


class UpgradePassword(Command[None], topic=AUTH, key="user_id"):
    """Store the same password hashed with today's parameters."""

    user_id: UUID
    password_version: int
    sealed_password: bytes


class ResetPassword(Command[User], topic=AUTH, key="user_id"):
    """Give a user a temporary password in place of theirs, end all their sessions and every lock.

    Attributes:
        tenant: whose user it is.
        temporary_until: until when the password may be replaced; nobody logs in with it.
    """

    user_id: UUID
    tenant: str
    sealed_password: bytes
    temporary_until: Instant
    expected_version: int | None = None


class ReplaceTemporaryPassword(Command[int], topic=AUTH, key="user_id"):
    """Set a password of one's own in place of a temporary one; the answer is its version."""

    user_id: UUID
    password_version: int
    sealed_password: bytes
    place: str


class UnlockUser(Command[User], topic=AUTH, key="user_id"):
    """Let a user log in again at once, where wrong passwords have locked them out for a while."""

    user_id: UUID
    expected_version: int | None = None


class ChangeEmail(Command[User], topic=AUTH, key="user_id"):
    """Give a user another address."""

    user_id: UUID
    email: str
    address: str
    expected_version: int | None = None


class ChangeOwnEmail(Command[User], topic=AUTH, key="user_id"):
    """Give oneself another address, the password of this version having been found right."""

    user_id: UUID
    email: str
    address: str
    password_version: int
    place: str


class EraseUser(Command[None], topic=AUTH, key="user_id"):
    """Erase a user: account, sessions and all that is known of the person.

    Their address is free again; their access tokens are refused everywhere.
    """

    user_id: UUID
    expected_version: int | None = None


class EraseOwnAccount(Command[None], topic=AUTH, key="user_id"):
    """Erase oneself, the password of this version having been found right."""

    user_id: UUID
    password_version: int
    place: str


class SuspendUser(Command[User], topic=AUTH, key="user_id"):
    """Keep a user out and end all their sessions."""

    user_id: UUID
    expected_version: int | None = None


class RestoreUser(Command[User], topic=AUTH, key="user_id"):
    """Let a suspended user in again."""

    user_id: UUID
    expected_version: int | None = None


class AssignRoles(Command[User], topic=AUTH, key="user_id"):
    """Give a user these roles in place of the present ones. Access tokens granted before are refused from now on."""

    user_id: UUID
    roles: RoleList
    expected_version: int | None = None


class RevokeUserTokens(Command[User], topic=AUTH, key="user_id"):
    """End all sessions of a user and take back every access token."""

    user_id: UUID


class RevokeToken(Command[None], topic=AUTH, key="token_id"):
    """Take back one access token."""

    token_id: str
    expires_at: Instant


class BootstrapAdministrator(Command[None], topic=AUTH, key="tenant"):
    """Make a tenant and its first administrator. Refused (`administrator_exists`) where the tenant has had one.

    Attributes:
        registration: the administrator's, which the tenant sends on.
        open_to_sign_up: whether anybody may make an account there.
    """

    tenant: str
    registration: RegisterAccount
    open_to_sign_up: bool


class DefineRole(Command[Role], topic=AUTH, key="tenant", noun="role"):
    """Define a role, or change what it allows. Tokens that are granted from then on follow it."""

    tenant: str
    name: RoleName
    scopes: ScopeList
    description: Description = ""
    expected_version: int | None = None


class CreateServiceAccount(Command[ServiceAccount], topic=AUTH, key="account_id"):
    """Make an account for a program."""

    account_id: UUID
    tenant: str
    name: str
    scopes: tuple[str, ...]
    secret_sha256: bytes


class EnsureServiceAccount(Command[ServiceAccount], topic=AUTH, key="account_id"):
    """Make a service account of the platform itself, or give it this secret and these scopes.

    Attributes:
        restore: take an account that was disabled back into use; else it stays out, and this is refused.
    """

    account_id: UUID
    tenant: str
    name: str
    scopes: tuple[str, ...]
    secret_sha256: bytes
    restore: bool = False


class RotateServiceSecret(Command[ServiceAccount], topic=AUTH, key="account_id"):
    """Give a service account a new secret. Without an overlap, its access tokens are taken back too.

    Attributes:
        overlap_s: how long the old secret is still taken, in seconds.
    """

    account_id: UUID
    secret_sha256: bytes
    overlap_s: int
    expected_version: int | None = None


class DisableServiceAccount(Command[ServiceAccount], topic=AUTH, key="account_id"):
    """Keep a program out for good and take back its access tokens."""

    account_id: UUID
    expected_version: int | None = None


class AddSigningKey(Command[SigningKey | None], topic=AUTH, key="ring"):
    """Add a key to the ring; see `Rotation` for when it comes into use. Answers None where a key that is due is not needed.

    Attributes:
        sealed_key: the private key.
    """

    ring: str
    kid: str
    alg: str
    jwk: dict[str, str]
    sealed_key: bytes
    rotation: Rotation


class PruneRevocations(Command[None], topic=AUTH, key="ring"):
    """Forget revocations whose tokens have all expired, and the private halves of retired keys."""

    ring: str


class RenewAddresses(Command[None], topic=AUTH, key="ring"):
    """Bring what accounts are found by to the normal form of today, some hundred at a time.

    Attributes:
        after: the account after which to go on; None to begin.
    """

    ring: str
    after: UUID | None = None


class UserRegistered(Event, topic=AUTH, key="user_id"):
    """Somebody has an account now."""

    user_id: UUID
    tenant: str
    roles: tuple[str, ...]


class PasswordReset(Event, topic=AUTH, key="user_id"):
    """An administrator has given somebody a temporary password."""

    user_id: UUID
    tenant: str


class EmailChanged(Event, topic=AUTH, key="user_id"):
    """Somebody has another address."""

    user_id: UUID
    tenant: str


class UserErased(Event, topic=AUTH, key="user_id"):
    """An account was erased. Its id, which stands in earlier events, names nobody any more."""

    user_id: UUID
    tenant: str


class SessionOpened(Event, topic=AUTH, key="user_id"):
    """Somebody logged in."""

    user_id: UUID
    session_id: UUID
    tenant: str
    place: str


class SessionClosed(Event, topic=AUTH, key="user_id"):
    """A session has ended."""

    user_id: UUID
    session_id: UUID
    tenant: str
    reason: CloseReason


class LoginFailed(Event, topic=AUTH, key="user_id"):
    """A wrong password was given for an account, for the `failures`-th time in a row from there."""

    user_id: UUID
    tenant: str
    place: str
    failures: int


class AccountLocked(Event, topic=AUTH, key="user_id"):
    """Logins from a place, or from all unfamiliar places, are refused until an instant."""

    user_id: UUID
    tenant: str
    place: str
    locked_until: Instant


class RefreshReuseDetected(Event, topic=AUTH, key="user_id"):
    """A refresh token was used twice, or one that was never given out: it is in the wrong hands."""

    user_id: UUID
    session_id: UUID
    tenant: str
    counter: int
    expected: int


class RolesAssigned(Event, topic=AUTH, key="user_id"):
    """A user's roles have changed."""

    user_id: UUID
    tenant: str
    roles: tuple[str, ...]
