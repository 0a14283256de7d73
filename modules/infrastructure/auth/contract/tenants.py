"""What is asked of tenants."""

from uuid import UUID

from bus import Command
from modules.infrastructure.auth.contract.accounts import RegisterAccount
from modules.infrastructure.auth.contract.values import Description, Role, RoleName, ScopeList, Tenant
from nexus_actors.security.contract import AUTH


class BootstrapAdministrator(Command[None], topic=AUTH, key="tenant"):
    """Make a tenant and its first administrator. Refused (`administrator_exists`) where the tenant has had one.

    Attributes:
        registration: the administrator's, which the tenant sends on.
        open_to_sign_up: whether anybody may make an account there.
    """

    tenant: str
    registration: RegisterAccount
    open_to_sign_up: bool


class CloseTenant(Command[Tenant], topic=AUTH, key="tenant"):
    """Keep everybody of a tenant out, people and programs, until it is reopened."""

    tenant: str
    expected_version: int | None = None


class ReopenTenant(Command[Tenant], topic=AUTH, key="tenant"):
    """Let everybody of a tenant in again."""

    tenant: str
    expected_version: int | None = None


class EndTenantTokens(Command[None], topic=AUTH, key="tenant"):
    """End the sessions of a closed tenant's people and take back the access tokens of its programs, some hundred at a time.

    Attributes:
        after: the account after which to go on; None to begin.
    """

    tenant: str
    after: UUID | None = None


class DefineRole(Command[Role], topic=AUTH, key="tenant", noun="role"):
    """Define a role, or change what it allows. Tokens that are granted from then on follow it."""

    tenant: str
    name: RoleName
    scopes: ScopeList
    description: Description = ""
    expected_version: int | None = None
