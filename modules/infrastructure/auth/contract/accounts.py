"""What is asked of accounts of people."""

from collections.abc import Iterator
from uuid import UUID

from bus import Command, FieldError, Instant
from modules.infrastructure.auth.contract.values import (
    CloseReason,
    DisplayName,
    Registration,
    Renewal,
    RoleList,
    SessionGrant,
    User,
)
from modules.infrastructure.auth.domain.access import MAX_ROLES
from nexus_actors.security.contract import AUTH


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


class EndSessions(Command[None], topic=AUTH, key="user_id"):
    """End all sessions of somebody whose tenant was closed."""

    user_id: UUID
