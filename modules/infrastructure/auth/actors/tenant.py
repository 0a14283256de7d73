"""Tenants: their first administrator and the roles that they define."""

from msgspec import Struct, field

from bus import Refusal
from modules.infrastructure.auth.contract import BootstrapAdministrator, DefineRole, Role
from modules.infrastructure.auth.domain.access import check_grant, check_role_name, check_scopes
from modules.infrastructure.auth.queries import scopes_of_roles
from nexus_actors import Actor, Context, handles

MAX_DEFINED_ROLES = 100

_ROLE = """
INSERT INTO roles (tenant, name, description, scopes, version) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant, name) DO UPDATE SET description = $3, scopes = $4, version = $5
"""


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
        """Make the tenant and have its first administrator registered; once, whoever asks."""
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
