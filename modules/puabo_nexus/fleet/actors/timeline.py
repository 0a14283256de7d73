"""How the timeline of a delivery is written, in the delivery's own turns alone."""

from datetime import datetime
from uuid import UUID

from modules.puabo_nexus.fleet.contract import TimelineKind
from nexus_actors import Context

_NOTE = """
INSERT INTO delivery_timeline (tenant, delivery_id, seq, kind, happened_at, recorded_at, caused_by, detail)
SELECT $1, $2, coalesce(max(seq), 0) + 1, $3, $4, $5, $6, $7 FROM delivery_timeline WHERE tenant = $1 AND delivery_id = $2
"""


async def note(
    ctx: Context, delivery_id: UUID, kind: TimelineKind, happened_at: datetime, *, detail: str | None = None
) -> None:
    """Add to the timeline what happened, and who sent the command that caused it."""
    caused_by = None if ctx.principal is None else ctx.principal.subject
    await ctx.db.execute(_NOTE, ctx.tenant, delivery_id, kind, happened_at, ctx.now, caused_by, detail)
