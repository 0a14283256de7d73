"""A vehicle's history in PostgreSQL."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import astuple

from modules.puabo_nexus.tracker.contract import Fix, QuarantinedFix, Trip
from modules.puabo_nexus.tracker.domain.history import Checkpoint
from modules.puabo_nexus.tracker.domain.track import Part, Track
from modules.puabo_nexus.tracker.queries.fixes import FIX_COLUMNS, fix_columns, fix_of
from modules.puabo_nexus.tracker.tables import TRIPS
from nexus_actors.database import Row, Transaction

_MINE = "tenant = $1 AND vehicle_id = $2"
_UNNEST_FIXES = """unnest($4::timestamptz[], $5::float8[], $6::float8[], $7::float8[], $8::float8[], $9::float8[],
    $10::float8[], $11::float8[], $12::boolean[], $13::boolean[]"""

_ADD_FIXES = f"""
    INSERT INTO positions (tenant, vehicle_id, received_at, {FIX_COLUMNS})
    SELECT $1, $2, $3, f.* FROM {_UNNEST_FIXES}) AS f
    ON CONFLICT (tenant, vehicle_id, fix_at) DO UPDATE SET (received_at, {FIX_COLUMNS})
    = (excluded.received_at, {", ".join(f"excluded.{name}" for name in Fix.__struct_fields__)})
"""  # noqa: S608 - constants
_QUARANTINE = f"""
    INSERT INTO quarantine (tenant, vehicle_id, received_at, {FIX_COLUMNS}, reasons)
    SELECT $1, $2, $3, {FIX_COLUMNS}, string_to_array(reasons, ' ')
    FROM {_UNNEST_FIXES}, $14::text[]) AS f ({FIX_COLUMNS}, reasons)
    ON CONFLICT (tenant, vehicle_id, fix_at, lat, lon) DO NOTHING RETURNING fix_at, lat, lon
"""  # noqa: S608 - constants
_AT = f"""
    SELECT {FIX_COLUMNS} FROM positions WHERE {_MINE} AND fix_at = ANY($3::timestamptz[]) ORDER BY fix_at
"""  # noqa: S608 - constants
_BESIDE = f"""
    SELECT DISTINCT ON (fix_at) {FIX_COLUMNS} FROM unnest($3::timestamptz[]) AS late CROSS JOIN LATERAL (
        (SELECT {FIX_COLUMNS} FROM positions WHERE {_MINE} AND fix_at < late ORDER BY fix_at DESC LIMIT 1)
        UNION ALL
        (SELECT {FIX_COLUMNS} FROM positions WHERE {_MINE} AND fix_at > late ORDER BY fix_at LIMIT 1)
    ) AS beside ORDER BY fix_at
"""  # noqa: S608 - constants
_FIXES = f"""
    SELECT {FIX_COLUMNS} FROM positions WHERE {_MINE}
    AND fix_at > coalesce($3, '-infinity'::timestamptz) AND fix_at <= coalesce($4, 'infinity'::timestamptz)
    ORDER BY fix_at LIMIT $5
"""  # noqa: S608 - constants
_TRIPS = f"""
    SELECT {TRIPS.columns} FROM trips WHERE {_MINE}
    AND started_at >= coalesce($3, '-infinity'::timestamptz) AND started_at < coalesce($4, 'infinity'::timestamptz)
    ORDER BY started_at
"""  # noqa: S608 - constants
_SAVE_TRIP = f"""
    INSERT INTO trips (tenant, {TRIPS.columns})
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    ON CONFLICT (tenant, trip_id) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in TRIPS.types if name != TRIPS.key)}
"""  # noqa: S608 - constants

_REMOVE_TRIPS = f"DELETE FROM trips WHERE {_MINE} AND trip_id = ANY($3::uuid[])"  # noqa: S608 - constants
_CUTS = f"""
    SELECT cut_at FROM cuts WHERE {_MINE} AND ($3::timestamptz IS NULL OR cut_at >= $3) ORDER BY cut_at
"""  # noqa: S608 - constants
_CHECKPOINT = "SELECT at, track, length_m, top_mps, whole FROM checkpoints"
_CHECKPOINT_BEFORE = f"{_CHECKPOINT} WHERE {_MINE} AND at < coalesce($3, 'infinity'::timestamptz) ORDER BY at DESC LIMIT 1"
_CHECKPOINT_AFTER = f"{_CHECKPOINT} WHERE {_MINE} AND at > coalesce($3, '-infinity'::timestamptz) ORDER BY at LIMIT 1"
_SAVE_CHECKPOINT = """
    INSERT INTO checkpoints (tenant, vehicle_id, at, track, length_m, top_mps, whole) VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (tenant, vehicle_id, at) DO UPDATE
    SET track = excluded.track, length_m = excluded.length_m, top_mps = excluded.top_mps, whole = excluded.whole
"""
# A checkpoint without a part is of a release that measured each stretch from its start, and left that in the track alone.
_MEASURED = f"""
    WITH parts AS (
        SELECT at, whole, length_m, top_mps, track FROM checkpoints WHERE {_MINE} AND at > $3 AND at <= $4
    ), counted AS (
        SELECT
            coalesce(length_m, (convert_from(track, 'UTF8')::json #>> '{{stretch,here,length_m}}')::float8) AS length_m,
            coalesce(top_mps, (convert_from(track, 'UTF8')::json #>> '{{stretch,here,top_mps}}')::float8) AS top_mps
        FROM parts WHERE at >= coalesce((SELECT max(at) FROM parts WHERE whole), '-infinity'::timestamptz)
    )
    SELECT coalesce(sum(length_m), 0) AS length_m, coalesce(max(top_mps), 0) AS top_mps FROM counted
"""  # noqa: S608 - constants


class SqlHistory:
    """The `History` of one vehicle in the transaction of a turn.

    Args:
        received_at: when what is added now came in.
    """

    def __init__(self, db: Transaction, tenant: str, vehicle_id: UUID, received_at: datetime) -> None:
        self._db = db
        self._mine = tenant, vehicle_id
        self._received_at = received_at

    async def at(self, instants: Sequence[datetime]) -> list[Fix]:
        """The fixes at these instants."""
        return [fix_of(row) for row in await self._db.fetch(_AT, *self._mine, list(instants))]

    async def beside(self, instants: Sequence[datetime]) -> list[Fix]:
        """Of each of these instants the last fix before it and the first one after it, each fix once."""
        return [fix_of(row) for row in await self._db.fetch(_BESIDE, *self._mine, list(instants))]

    async def fixes(self, after: datetime | None, until: datetime | None, limit: int) -> list[Fix]:
        """The first ``limit`` fixes with ``after < fix_at <= until``."""
        return [fix_of(row) for row in await self._db.fetch(_FIXES, *self._mine, after, until, limit)]

    async def cuts(self, since: datetime | None) -> list[datetime]:
        """The instants since then at which a trip was ended by request."""
        return [row["cut_at"] for row in await self._db.fetch(_CUTS, *self._mine, since)]

    async def trips(self, since: datetime | None, before: datetime | None) -> list[Trip]:
        """The trips with ``since <= started_at < before``."""
        return [TRIPS.value(row) for row in await self._db.fetch(_TRIPS, *self._mine, since, before)]

    async def measured(self, since: datetime, until: datetime) -> tuple[float, float]:
        """Length and top speed of the parts with ``since < at <= until``, which are of the stretch that began at ``since``."""
        row = await self._db.fetchrow(_MEASURED, *self._mine, since, until)
        return (row["length_m"], row["top_mps"]) if row is not None else (0.0, 0.0)

    async def checkpoint_before(self, instant: datetime | None) -> Checkpoint | None:
        """The newest checkpoint older than an instant; the newest of all where that is None."""
        return _checkpoint_of(await self._db.fetchrow(_CHECKPOINT_BEFORE, *self._mine, instant))

    async def checkpoint_after(self, instant: datetime | None) -> Checkpoint | None:
        """The oldest checkpoint newer than an instant."""
        return _checkpoint_of(await self._db.fetchrow(_CHECKPOINT_AFTER, *self._mine, instant))

    async def add_fixes(self, fixes: Sequence[Fix]) -> None:
        """Keep fixes, each in place of one of its instant."""
        if fixes:
            await self._db.execute(_ADD_FIXES, *self._mine, self._received_at, *fix_columns(fixes))

    async def quarantine(self, fixes: Sequence[QuarantinedFix]) -> list[QuarantinedFix]:
        """Put fixes aside, each place at an instant once. Returns those that were not there yet."""
        if not fixes:
            return []
        places: dict[tuple[datetime, float, float], QuarantinedFix] = {}
        for item in fixes:
            places.setdefault((item.fix.fix_at, item.fix.lat, item.fix.lon), item)
        columns = fix_columns([item.fix for item in places.values()])
        reasons = [" ".join(item.reasons) for item in places.values()]
        rows = await self._db.fetch(_QUARANTINE, *self._mine, self._received_at, *columns, reasons)
        new = {(row["fix_at"], row["lat"], row["lon"]) for row in rows}
        return [item for place, item in places.items() if place in new]

    async def add_cut(self, cut_at: datetime) -> None:
        """A trip was ended by request."""
        query = "INSERT INTO cuts (tenant, vehicle_id, cut_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
        await self._db.execute(query, *self._mine, cut_at)

    async def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint in place of one of the same instant."""
        part = checkpoint.part
        measured = (None, None, True) if part is None else (part.length_m, part.top_mps, part.whole)
        track = msgspec.json.encode(checkpoint.track)
        await self._db.execute(_SAVE_CHECKPOINT, *self._mine, checkpoint.at, track, *measured)

    async def save_trips(self, trips: Collection[Trip]) -> None:
        """Keep trips in place of their earlier versions."""
        if trips:
            await self._db.executemany(_SAVE_TRIP, [(self._mine[0], *astuple(trip)) for trip in trips])

    async def remove_trips(self, trip_ids: Iterable[UUID]) -> None:
        """Forget trips."""
        gone = list(trip_ids)
        if gone:
            await self._db.execute(_REMOVE_TRIPS, *self._mine, gone)


def _checkpoint_of(row: Row | None) -> Checkpoint | None:
    if row is None:
        return None
    part = None if row["length_m"] is None else Part(row["length_m"], row["top_mps"], row["whole"])
    return Checkpoint(row["at"], msgspec.json.decode(row["track"], type=Track), part)
