"""Taking tokens back: the row that processes read when they start, and the event that they follow."""

from datetime import timedelta

from modules.infrastructure.auth.contract import TokensRevoked
from modules.infrastructure.auth.domain.key_schedule import LINGER
from nexus_actors import Context
from nexus_actors.security.contract import RevocationKind

_INSERT = """
INSERT INTO nexus.revocations (kind, value, revoked_at, not_after) VALUES ($1, $2, $3, $4)
ON CONFLICT (kind, value) DO UPDATE SET
    revoked_at = greatest(revocations.revoked_at, excluded.revoked_at),
    not_after = greatest(revocations.not_after, excluded.not_after)
"""
_SPARE = timedelta(minutes=1)


async def revoke(ctx: Context, kind: RevocationKind, value: str, reason: str) -> None:
    """Refuse tokens everywhere from the end of this turn on.

    Args:
        ctx: the turn.
        kind: what `value` names.
        value: a jti, sid, subject or kid.
        reason: why, as a stable snake_case word.
    """
    not_after = ctx.now + LINGER + _SPARE
    await ctx.db.execute(_INSERT, kind, value, ctx.now, not_after)
    ctx.publish(TokensRevoked(kind=kind, value=value, revoked_at=ctx.now, not_after=not_after, reason=reason))
