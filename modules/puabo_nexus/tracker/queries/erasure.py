"""Erasing where a vehicle was."""

from datetime import datetime
from typing import Final
from uuid import UUID

from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.queries.fixes import FIX_COLUMNS, fix_of
from nexus_actors import Context

MOST_AT_ONCE: Final = 20_000
"""So many rows go in one turn: others wait for its transaction."""

_MINE = "tenant = $1 AND vehicle_id = $2"
_IN_RANGE = "fix_at >= coalesce($3, '-infinity'::timestamptz) AND fix_at < $4"

_TRIPS = f"""
    WITH gone AS (
        DELETE FROM trips WHERE {_MINE} AND started_at < $4
        AND coalesce(ended_at, 'infinity'::timestamptz) >= coalesce($3, '-infinity'::timestamptz) RETURNING distance_m
    ), kept AS (
        UPDATE vehicles SET erased_m = erased_m + (SELECT coalesce(sum(distance_m), 0) FROM gone) WHERE {_MINE}
    )
    SELECT count(*) FROM gone
"""  # noqa: S608 - constants
_CUTS = f"DELETE FROM cuts WHERE {_MINE} AND cut_at >= coalesce($3, '-infinity'::timestamptz) AND cut_at < $4"  # noqa: S608
# All places of a checkpoint lie between the start of its stretch and itself.
_CHECKPOINTS = f"""
    DELETE FROM checkpoints WHERE {_MINE} AND at >= coalesce($3, '-infinity'::timestamptz)
    AND (convert_from(track, 'UTF8')::json #>> '{{stretch,start,at}}')::timestamptz < $4
"""  # noqa: S608 - constants
_ROWS = tuple(
    f"DELETE FROM {table} WHERE ctid IN (SELECT ctid FROM {table} WHERE {_MINE} AND {_IN_RANGE} LIMIT $5)"  # noqa: S608
    for table in ("positions", "quarantine")
)
_NEWEST = f"SELECT {FIX_COLUMNS} FROM positions WHERE {_MINE} AND NOT ({_IN_RANGE}) ORDER BY fix_at DESC LIMIT 1"  # noqa: S608


async def erase_trips(ctx: Context, vehicle_id: UUID, from_at: datetime | None, to_at: datetime) -> int:
    """Erase the trips that touch a range, and what else was made of its fixes. Returns how many trips they were."""
    bounds = ctx.tenant, vehicle_id, from_at, to_at
    count: int = await ctx.db.fetchval(_TRIPS, *bounds)
    await ctx.db.execute(_CUTS, *bounds)
    await ctx.db.execute(_CHECKPOINTS, *bounds)
    return count


async def erase_fixes(ctx: Context, vehicle_id: UUID, from_at: datetime | None, to_at: datetime) -> int:
    """Erase up to `MOST_AT_ONCE` fixes of a range, those in quarantine among them. Returns how many they were."""
    erased = 0
    for statement in _ROWS:
        if erased < MOST_AT_ONCE:
            tag = await ctx.db.execute(statement, ctx.tenant, vehicle_id, from_at, to_at, MOST_AT_ONCE - erased)
            erased += int(tag.removeprefix("DELETE "))
    return erased


async def newest_beside(ctx: Context, vehicle_id: UUID, from_at: datetime | None, to_at: datetime) -> Fix | None:
    """The newest fix outside of a range."""
    row = await ctx.db.fetchrow(_NEWEST, ctx.tenant, vehicle_id, from_at, to_at)
    return None if row is None else fix_of(row)
