"""Roles, for administrators."""

from msgspec.structs import replace

from modules.infrastructure.auth.contract import DefineRole, Role
from modules.infrastructure.auth.domain.access import BUILT_IN_ROLES
from modules.infrastructure.auth.routes.users import READ, WRITE
from modules.infrastructure.auth.tables import ROLES
from nexus_actors.http import Page, PageQuery, Request, Routes, page_of

routes = Routes(tag="roles")

_BUILT_IN = [
    Role(name=name, description="", scopes=tuple(sorted(scopes)), built_in=True, version=1)
    for name, scopes in sorted(BUILT_IN_ROLES.items())
]


@routes.get("/v1/roles", scope=READ)
async def list_roles(request: Request, query: PageQuery) -> Page[Role]:
    """List the roles that this tenant has defined; on the first page, after those that every tenant has."""
    page = await page_of(request, query, ROLES, {})
    return page if query.cursor is not None else replace(page, items=_BUILT_IN + page.items)


routes.command("POST", "/v1/roles", DefineRole, scope=WRITE)
