"""Roles, for administrators."""

from modules.infrastructure.auth import queries
from modules.infrastructure.auth.contract import DefineRole, Role
from modules.infrastructure.auth.domain.access import BUILT_IN_ROLES
from modules.infrastructure.auth.routes.bodies import RoleDraft
from modules.infrastructure.auth.routes.users import READ, WRITE
from nexus_actors.http import Page, PageQuery, Request, Routes, encode_cursor

routes = Routes(tag="roles")

_BUILT_IN = [
    Role(name=name, description="", scopes=tuple(sorted(scopes)), built_in=True, version=1)
    for name, scopes in sorted(BUILT_IN_ROLES.items())
]


@routes.get("/v1/roles", scope=READ)
async def list_roles(request: Request, query: PageQuery) -> Page[Role]:
    """List the roles that this tenant has defined; on the first page, after those that every tenant has."""
    after = request.cursor(query, str)
    defined = await queries.roles(request.db, request.tenant, after, query.limit + 1)
    page = defined[: query.limit]
    items = page if after is not None else _BUILT_IN + page
    return Page(items=items, next=encode_cursor(page[-1].name) if len(defined) > query.limit else None)


@routes.post("/v1/roles", scope=WRITE)
async def define_role(request: Request, body: RoleDraft) -> Role:
    """Define a role, or change what it allows."""
    command = DefineRole(
        tenant=request.tenant,
        name=body.name,
        description=body.description,
        scopes=body.scopes,
        expected_version=request.expected_version,
    )
    return await request.ask(command)
