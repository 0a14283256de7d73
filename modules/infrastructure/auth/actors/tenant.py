"""Tenants: their first administrator, whether they are open, and the roles that they define."""

from uuid import UUID

from msgspec import Struct, field
from msgspec.structs import replace

from bus import Refusal
from modules.infrastructure.auth import queries
from modules.infrastructure.auth.actors.revoking import revoke
from modules.infrastructure.auth.contract import (
    BootstrapAdministrator,
    CloseTenant,
    DefineRole,
    EndSessions,
    EndTenantTokens,
    ReopenTenant,
    Role,
    Tenant,
    TenantClosed,
    TenantReopened,
    TenantStatus,
)
from modules.infrastructure.auth.domain.access import ADMINISTRATOR, BUILT_IN_ROLES, check_grant, check_role_name, check_scopes
from modules.infrastructure.auth.queries import scopes_of_roles
from nexus_actors import Actor, Context, handles
from nexus_actors.identity import DEFAULT_TENANT

MAX_DEFINED_ROLES = 100

_ROLE = """
INSERT INTO roles (tenant, name, description, scopes, version) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant, name) DO UPDATE SET description = $3, scopes = $4, version = $5
"""


_STATUS = "UPDATE tenants SET status = $2, version = version + 1 WHERE tenant = $1"
_ACCOUNTS = """
(SELECT user_id AS id, true AS is_user FROM accounts WHERE tenant = $1 AND user_id > $2 ORDER BY user_id LIMIT $3)
UNION ALL
(SELECT account_id, false FROM service_accounts WHERE tenant = $1 AND account_id > $2 ORDER BY account_id LIMIT $3)
ORDER BY id LIMIT $3
"""
SLICE = 200
_FIRST = UUID(int=0)


class TenantState(Struct):
    """A tenant.

    Attributes:
        has_administrator: it has been given its first administrator.
        roles: versions of the roles that it has defined, by name.
    """

    has_administrator: bool = False
    roles: dict[str, int] = field(default_factory=dict)


class TenantActor(Actor[TenantState], platform=True):
    """A tenant, by name."""

    @handles
    async def bootstrap(self, message: BootstrapAdministrator, ctx: Context) -> None:
        """Make the tenant and have its first administrator registered; once, whoever asks. They may do everything there."""
        if ctx.principal is not None:
            check_grant(ctx.principal.scopes, BUILT_IN_ROLES[ADMINISTRATOR])
        if self.state.has_administrator:
            raise Refusal.conflict("administrator_exists", "This tenant has had its first administrator. Ask them.")
        self.state.has_administrator = True
        registration = message.registration
        ctx.db.insert(
            "tenants",
            tenant=message.tenant,
            open_to_sign_up=message.open_to_sign_up,
            administrator_id=registration.user_id,
            created_at=ctx.now,
        )
        ctx.send(registration)

    @handles
    async def close(self, message: CloseTenant, ctx: Context) -> Tenant:
        """Let nobody in any more; who is in is sent out, account by account."""
        if message.tenant == DEFAULT_TENANT:
            raise Refusal.conflict("tenant_of_the_platform", "The platform's own tenant cannot be closed.")
        tenant = await self._set(message, "closed", ctx)
        ctx.publish(TenantClosed(tenant=message.tenant), tenant=message.tenant)
        ctx.send(EndTenantTokens(tenant=message.tenant))
        return tenant

    @handles
    async def reopen(self, message: ReopenTenant, ctx: Context) -> Tenant:
        """Let its people and programs in again."""
        tenant = await self._set(message, "open", ctx)
        ctx.publish(TenantReopened(tenant=message.tenant), tenant=message.tenant)
        return tenant

    @handles
    async def end_tokens(self, message: EndTenantTokens, ctx: Context) -> None:
        """Go through its accounts, people and programs by their ids. What was granted up to now is refused everywhere."""
        rows = await ctx.db.fetch(_ACCOUNTS, message.tenant, message.after or _FIRST, SLICE)
        for row in rows:
            if row["is_user"]:
                ctx.send(EndSessions(user_id=row["id"]))
            else:
                await revoke(ctx, "subject", str(row["id"]), "tenant_closed")
        if len(rows) == SLICE:
            ctx.send(EndTenantTokens(tenant=message.tenant, after=rows[-1]["id"]))

    async def _set(self, message: CloseTenant | ReopenTenant, status: TenantStatus, ctx: Context) -> Tenant:
        tenant = await queries.tenant(ctx.db, message.tenant)
        if message.expected_version not in {None, tenant.version}:
            raise Refusal.precondition("tenant_changed", f"The tenant is at version {tenant.version} now. Read it again.")
        if tenant.status == status:
            raise Refusal.conflict(f"tenant_{status}", f"The tenant is {status} already.")
        await ctx.db.execute(_STATUS, message.tenant, status)
        return replace(tenant, status=status, version=tenant.version + 1)

    @handles
    async def define_role(self, message: DefineRole, ctx: Context) -> Role:
        """Make or change a role. Nobody puts into a role what they may not do themselves, nor changes one that may do more."""
        if message.tenant != ctx.tenant or not self.state.has_administrator:
            raise Refusal.not_found("tenant_not_found", "There is no such tenant.")
        name, description = check_role_name(message.name), message.description
        scopes = check_scopes(message.scopes)
        if ctx.principal is not None:
            held_before = await scopes_of_roles(ctx.db, message.tenant, [name], strict=False)
            check_grant(ctx.principal.scopes, scopes | held_before)
        version = self.state.roles.get(name, 0)
        if message.expected_version is not None and message.expected_version != version:
            raise Refusal.precondition("role_changed", f"The role is at version {version} now. Read it again.")
        if not version and len(self.state.roles) >= MAX_DEFINED_ROLES:
            raise Refusal.conflict("too_many_roles", f"A tenant defines at most {MAX_DEFINED_ROLES} roles. Change one.")
        self.state.roles[name] = version + 1
        await ctx.db.execute(_ROLE, message.tenant, name, description, sorted(scopes), version + 1)
        return Role(
            name=name,
            description=description,
            scopes=tuple(sorted(scopes)),
            built_in=False,
            version=version + 1,
        )
