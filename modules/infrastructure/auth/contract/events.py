"""What auth-ms publishes."""

from uuid import UUID

from bus import Event, Instant
from modules.infrastructure.auth.contract.values import CloseReason
from nexus_actors.security.contract import AUTH


class UserRegistered(Event, topic=AUTH, key="user_id"):
    """Somebody has an account now."""

    user_id: UUID
    tenant: str
    roles: tuple[str, ...]


class TenantClosed(Event, topic=AUTH, key="tenant"):
    """A tenant was closed. Nobody of it gets in."""

    tenant: str


class TenantReopened(Event, topic=AUTH, key="tenant"):
    """A closed tenant was opened again."""

    tenant: str


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
