"""Users, for administrators."""

from typing import Final
from uuid import UUID

from modules.infrastructure.auth.contract import (
    AssignRoles,
    ChangeEmail,
    EraseUser,
    RestoreUser,
    RevokeUserTokens,
    SuspendUser,
    UnlockUser,
    User,
    UserStatus,
)
from modules.infrastructure.auth.domain.address import normal_address
from modules.infrastructure.auth.resetting import TemporaryPassword, reset
from modules.infrastructure.auth.routes.bodies import EmailChange, EmailText
from modules.infrastructure.auth.tables import USERS
from nexus_actors.http import Page, PageQuery, Request, Routes, page_of

routes = Routes(tag="users")

READ: Final = "auth:read"
WRITE: Final = "auth:write"


class UserQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which users to list.

    Attributes:
        email: the one with this address.
    """

    email: EmailText | None = None
    status: UserStatus | None = None


@routes.get("/v1/users", scope=READ)
async def list_users(request: Request, query: UserQuery) -> Page[User]:
    """List the users, in the order of their registration."""
    address = None if query.email is None else normal_address(query.email)
    return await page_of(request, query, USERS, {"address": address, "status": query.status})


@routes.get("/v1/users/{user_id}", scope=READ)
async def get_user(request: Request, user_id: UUID) -> User:
    """Show a user."""
    return await USERS.found(request, user_id)


routes.command("POST", "/v1/users/{user_id}:suspend", SuspendUser, scope=WRITE)
routes.command("POST", "/v1/users/{user_id}:restore", RestoreUser, scope=WRITE)
routes.command("POST", "/v1/users/{user_id}:assign_roles", AssignRoles, scope=WRITE)
routes.command("POST", "/v1/users/{user_id}:unlock", UnlockUser, scope=WRITE)
routes.command("POST", "/v1/users/{user_id}:erase", EraseUser, scope=WRITE)


@routes.post("/v1/users/{user_id}:reset_password", scope=WRITE)
async def reset_password(request: Request, user_id: UUID) -> TemporaryPassword:
    """Give a user a temporary password, which is shown this once, for you to hand over.

    It is good for a day, and for nothing but to set a password of their own: `POST /v1/password`. All their sessions end, and
    every lock after wrong passwords.
    """
    return await reset(request, user_id, request.tenant, request.expected_version)


@routes.post("/v1/users/{user_id}:change_email", scope=WRITE)
async def change_email(request: Request, user_id: UUID, body: EmailChange) -> User:
    """Change the address of a user, with which they log in from then on. Their sessions go on."""
    command = ChangeEmail(
        user_id=user_id,
        email=body.email.strip(),
        address=normal_address(body.email),
        expected_version=request.expected_version,
    )
    return await request.ask(command)


@routes.post("/v1/users/{user_id}:revoke_tokens", scope=WRITE)
async def revoke_tokens(request: Request, user_id: UUID) -> User:
    """Log a user out everywhere."""
    return await request.ask(RevokeUserTokens(user_id=user_id))
