"""Giving users temporary passwords."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from bus import Refusal
from modules.infrastructure.auth.contract import ResetPassword, User
from modules.infrastructure.auth.desk import Desk
from modules.infrastructure.auth.domain.temporary import RANDOM_BYTES, TEMPORARY_LIFE, write_password
from modules.infrastructure.auth.login import seal_password
from nexus_actors.http import Request


class TemporaryPassword(Struct, frozen=True, kw_only=True):
    """A user with a temporary password, which is shown this once.

    Attributes:
        temporary_password: good for nothing but to be replaced: `POST /v1/password`.
        expires_at: until when.
    """

    user: User
    temporary_password: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"TemporaryPassword(user={self.user.user_id!r})"


async def reset(request: Request, user_id: UUID, tenant: str, expected_version: int | None = None) -> TemporaryPassword:
    """Give a user of a tenant a temporary password.

    Raises:
        Refusal: conflict, the request repeats one under an idempotency key, whose password was shown then and is not stored.
    """
    desk: Desk = request.deps
    password, until = write_password(desk.entropy(RANDOM_BYTES)), request.now + TEMPORARY_LIFE
    command = ResetPassword(
        user_id=user_id,
        tenant=tenant,
        sealed_password=await seal_password(desk, user_id, password),
        temporary_until=until,
        expected_version=expected_version,
    )
    user = await request.ask(command)
    if request.replayed:
        raise Refusal.conflict("password_shown_before", "The first answer showed the password. Reset it to get a new one.")
    return TemporaryPassword(user=user, temporary_password=password, expires_at=until)
