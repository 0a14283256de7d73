"""Single access tokens that were taken back."""

from modules.infrastructure.auth.actors.revoking import revoke
from modules.infrastructure.auth.contract import RevokeToken
from nexus_actors import Actor, Context, handles


class RevokedTokenActor(Actor[None], platform=True):
    """An access token, by its jti."""

    @handles
    async def take_back(self, message: RevokeToken, ctx: Context) -> None:
        """Refuse it everywhere, unless it has expired anyway."""
        if message.expires_at > ctx.now:
            await revoke(ctx, "token", message.token_id, "revoked")
