"""Who may manage an account."""

from bus import Refusal
from modules.infrastructure.auth.actors.account_state import AccountState
from modules.infrastructure.auth.domain.access import check_grant
from modules.infrastructure.auth.queries import scopes_of_roles
from nexus_actors import Context


async def check_manager(
    state: AccountState, key: str, ctx: Context, expected_version: int | None = None, tenant: str | None = None
) -> None:
    """Let an account be managed by who asks.

    Args:
        state: the account's.
        key: the account's id.
        ctx: the turn.
        expected_version: the version that was read; None for any.
        tenant: whose account it is to be; that of who asks when left out.

    Raises:
        Refusal: not found, it is another tenant's; precondition, it has moved on; forbidden, it is the own one, or may do more
            than who asks.
    """
    state.check_tenant(ctx.tenant if tenant is None else tenant)
    state.check_version(expected_version)
    if ctx.principal is None:
        return
    if ctx.principal.subject == key:
        raise Refusal.forbidden("own_account", "You cannot do this to your own account. Ask another administrator.")
    check_grant(ctx.principal.scopes, await scopes_of_roles(ctx.db, state.tenant, state.roles, strict=False))
