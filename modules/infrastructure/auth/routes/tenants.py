"""Tenants, for the administrators of the platform."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from bus import Refusal
from modules.infrastructure.auth import queries
from modules.infrastructure.auth.bootstrap import ensure_administrator
from modules.infrastructure.auth.contract import CloseTenant, ReopenTenant, Tenant
from modules.infrastructure.auth.domain.address import normal_address
from modules.infrastructure.auth.domain.temporary import TEMPORARY_LIFE
from modules.infrastructure.auth.resetting import TemporaryPassword, reset
from modules.infrastructure.auth.routes.bodies import EmailChange, TenantDraft, TenantText
from modules.infrastructure.auth.routes.platform import check_platform
from nexus_actors.http import Page, PageQuery, Request, Routes, found, page_from

routes = Routes(tag="tenants")

READ: Final = "auth:tenants:read"
WRITE: Final = "auth:tenants:write"
_WHAT: Final = "Tenants"


class NewTenant(Struct, frozen=True, kw_only=True):
    """A new tenant, with the temporary password of its first administrator, which is shown this once.

    Attributes:
        temporary_password: good for nothing but to be replaced: `POST /v1/password`.
        expires_at: until when.
    """

    tenant: Tenant
    temporary_password: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"NewTenant(tenant={self.tenant.tenant!r})"


@routes.get("/v1/tenants", scope=READ)
async def list_tenants(request: Request, query: PageQuery) -> Page[Tenant]:
    """List the tenants, in the order of their names."""
    check_platform(request, _WHAT)
    after = request.cursor(query, str)
    return page_from(await queries.tenants(request.db, after, query.limit + 1), query.limit, lambda shown: shown.tenant)


@routes.get("/v1/tenants/{tenant}", scope=READ)
async def get_tenant(request: Request, tenant: TenantText) -> Tenant:
    """Show a tenant."""
    check_platform(request, _WHAT)
    return await queries.tenant(request.db, tenant)


@routes.post("/v1/tenants", scope=WRITE, status=201)
async def create_tenant(request: Request, body: TenantDraft) -> NewTenant:
    """Make a tenant, with a first administrator, to whom you hand the temporary password over.

    Who asks holds every scope (`*`), as the new administrator will in their tenant.
    """
    check_platform(request, _WHAT)
    normal_address(body.administrator_email)
    until = request.now + TEMPORARY_LIFE
    password = await ensure_administrator(
        request.ask,
        request.deps,
        body.administrator_email.strip(),
        body.tenant,
        open_to_sign_up=body.open_to_sign_up,
        temporary_until=until,
    )
    if password is None:
        raise Refusal.conflict("tenant_exists", "There is a tenant of this name. Choose another one.")
    if request.replayed:
        detail = "The first answer showed the password. Reset it (reset_administrator) to get a new one."
        raise Refusal.conflict("password_shown_before", detail)
    tenant = await queries.tenant(request.db, body.tenant)
    return NewTenant(tenant=tenant, temporary_password=password, expires_at=until)


@routes.post("/v1/tenants/{tenant}:reset_administrator", scope=WRITE)
async def reset_administrator(request: Request, tenant: TenantText, body: EmailChange) -> TemporaryPassword:
    """Give an administrator of a tenant a temporary password, where nobody there can do so. It is shown this once."""
    check_platform(request, _WHAT)
    user_id = await queries.administrator(request.db, tenant, normal_address(body.email))
    return await reset(request, found(user_id, "user"), tenant)


@routes.post("/v1/tenants/{tenant}:close", scope=WRITE)
async def close_tenant(request: Request, tenant: TenantText) -> Tenant:
    """Close a tenant.

    All sessions of its people end, their access tokens and those of its programs are refused, and nobody gets in until it is
    reopened.
    """
    check_platform(request, _WHAT)
    return await request.ask(CloseTenant(tenant=tenant, expected_version=request.expected_version))


@routes.post("/v1/tenants/{tenant}:reopen", scope=WRITE)
async def reopen_tenant(request: Request, tenant: TenantText) -> Tenant:
    """Open a closed tenant again. Its people log in anew."""
    check_platform(request, _WHAT)
    return await request.ask(ReopenTenant(tenant=tenant, expected_version=request.expected_version))
