"""What the actor of an account remembers."""

from datetime import UTC, datetime
from uuid import UUID

from msgspec import Struct, field

from bus import Refusal
from modules.infrastructure.auth.contract import SessionGrant, User, UserStatus
from modules.infrastructure.auth.domain.lockout import Lockout
from modules.infrastructure.auth.domain.refresh import Family, ends_at

_NEVER = datetime.fromtimestamp(0, UTC)


class LiveSession(Struct, frozen=True, kw_only=True):
    """A session that has not been closed.

    Attributes:
        wanted_scopes: what its tokens are limited to; None for all that the roles allow.
    """

    family: Family
    wanted_scopes: tuple[str, ...] | None = None


class AccountState(Struct):
    """An account; `version` 0 means that there is none.

    Attributes:
        version: grows with every change of what administrators see.
        password_version: grows with every new password.
        temporary_until: until when the password may be replaced; None where it is the user's own.
        erased: there was an account under this id; nothing else is known of it.
    """

    tenant: str = ""
    email: str = ""
    display_name: str = ""
    status: UserStatus = "active"
    roles: tuple[str, ...] = ()
    registered_at: datetime = _NEVER
    version: int = 0
    password_version: int = 0
    temporary_until: datetime | None = None
    erased: bool = False
    lockout: Lockout = field(default_factory=Lockout)
    sessions: dict[UUID, LiveSession] = field(default_factory=dict)

    def user(self, user_id: UUID) -> User:
        """The account as administrators see it."""
        return User(
            user_id=user_id,
            email=self.email,
            display_name=self.display_name,
            status=self.status,
            roles=self.roles,
            registered_at=self.registered_at,
            version=self.version,
        )

    def grant(self, user_id: UUID, session_id: UUID, now: datetime) -> SessionGrant:
        """Leave to issue tokens of a live session."""
        session = self.sessions[session_id]
        return SessionGrant(
            user_id=user_id,
            session_id=session_id,
            tenant=self.tenant,
            roles=self.roles,
            wanted_scopes=session.wanted_scopes,
            counter=session.family.counter,
            granted_at=now,
            refresh_until=ends_at(session.family),
        )

    def check_password_version(self, version: int) -> None:
        """Refuse (`conflict`) where the password that was compared is not the account's any more."""
        if not self.version or version != self.password_version:
            raise Refusal.conflict("password_changed", "The password has been changed meanwhile. Start again.")

    def check_active(self) -> None:
        """Refuse (`forbidden`) where the account is suspended."""
        if self.status != "active":
            raise Refusal.forbidden("account_suspended", "The account is suspended. Ask an administrator.")

    def check_temporary(self, now: datetime) -> None:
        """Refuse (`forbidden`) a temporary password that was not replaced in time."""
        if self.temporary_until is not None and self.temporary_until <= now:
            detail = "The temporary password has expired. Ask an administrator for another one."
            raise Refusal.forbidden("temporary_password_expired", detail)

    def check_tenant(self, tenant: str) -> None:
        """Refuse (`not_found`) where there is no account, or it is another tenant's."""
        if not self.version or self.tenant != tenant:
            raise Refusal.not_found("user_not_found", "There is no such user.")

    def check_version(self, expected: int | None) -> None:
        """Refuse (`precondition`) where the account has moved on."""
        if expected is not None and expected != self.version:
            raise Refusal.precondition("user_changed", f"The user is at version {self.version} now. Read it again.")
