"""Users, for administrators."""

from typing import Final
from uuid import UUID

from modules.infrastructure.auth import queries
from modules.infrastructure.auth.contract import AssignRoles, RestoreUser, RevokeUserTokens, SuspendUser, User, UserStatus
from modules.infrastructure.auth.domain.address import normal_address
from modules.infrastructure.auth.routes.bodies import EmailText, RoleAssignment
from nexus_actors.http import Page, PageQuery, Request, Routes, encode_cursor, found

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
    after = request.cursor(query, UUID)
    users = await queries.users(
        request.db, request.tenant, address=address, status=query.status, after=after, limit=query.limit + 1
    )
    page = users[: query.limit]
    return Page(items=page, next=encode_cursor(page[-1].user_id) if len(users) > query.limit else None)


@routes.get("/v1/users/{user_id}", scope=READ)
async def get_user(request: Request, user_id: UUID) -> User:
    """Show a user."""
    return found(await queries.user(request.db, request.tenant, user_id), "user")


@routes.post("/v1/users/{user_id}:suspend", scope=WRITE)
async def suspend_user(request: Request, user_id: UUID) -> User:
    """Keep a user out and end all their sessions."""
    return await request.ask(SuspendUser(user_id=user_id, expected_version=request.expected_version))


@routes.post("/v1/users/{user_id}:restore", scope=WRITE)
async def restore_user(request: Request, user_id: UUID) -> User:
    """Let a suspended user in again."""
    return await request.ask(RestoreUser(user_id=user_id, expected_version=request.expected_version))


@routes.post("/v1/users/{user_id}:assign_roles", scope=WRITE)
async def assign_roles(request: Request, user_id: UUID, body: RoleAssignment) -> User:
    """Give a user these roles in place of the present ones. Their access tokens must be refreshed."""
    command = AssignRoles(user_id=user_id, roles=body.roles, expected_version=request.expected_version)
    return await request.ask(command)


@routes.post("/v1/users/{user_id}:revoke_tokens", scope=WRITE)
async def revoke_tokens(request: Request, user_id: UUID) -> User:
    """Log a user out everywhere."""
    return await request.ask(RevokeUserTokens(user_id=user_id))
