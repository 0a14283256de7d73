"""News of trips, followed in the rows of their vehicles."""

from uuid import UUID

from modules.puabo_nexus.fleet.domain.drive import Drive, TripNews, follow
from nexus_actors import Context

_VEHICLE = "SELECT status, trip_id, odometer_m FROM vehicles WHERE tenant = $1 AND vehicle_id = $2"
_MOVE = "UPDATE vehicles SET trip_id = $3, odometer_m = $4, version = version + 1 WHERE tenant = $1 AND vehicle_id = $2"
_COUNTED = "SELECT distance_m FROM counted_trips WHERE tenant = $1 AND vehicle_id = $2 AND trip_id = $3"
_COUNT = """
INSERT INTO counted_trips (tenant, vehicle_id, trip_id, distance_m) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant, vehicle_id, trip_id) DO UPDATE SET distance_m = excluded.distance_m
"""
_UNCOUNT = "DELETE FROM counted_trips WHERE tenant = $1 AND vehicle_id = $2 AND trip_id = $3"


async def is_counted(ctx: Context, vehicle_id: UUID, trip_id: UUID) -> bool:
    """Whether the end of a trip is known."""
    return await _counted_m(ctx, vehicle_id, trip_id) is not None


async def hear(ctx: Context, vehicle_id: UUID, news: TripNews) -> None:
    """Follow the news of a trip. That of a vehicle that the fleet does not have is left alone."""
    row = await ctx.db.fetchrow(_VEHICLE, ctx.tenant, vehicle_id)
    if row is None or (row["status"] == "retired" and news.goes_on):
        ctx.log.info("trip_ignored", vehicle_id=str(vehicle_id), trip_id=str(news.trip_id))
        return
    counted_m = await _counted_m(ctx, vehicle_id, news.trip_id)
    old = Drive(trip_id=row["trip_id"], odometer_m=row["odometer_m"])
    new = follow(old, news, counted_m or 0)
    if not news.goes_on:
        await ctx.db.execute(_COUNT, ctx.tenant, vehicle_id, news.trip_id, news.distance_m)
    elif counted_m is not None:
        await ctx.db.execute(_UNCOUNT, ctx.tenant, vehicle_id, news.trip_id)
    if new != old:
        await ctx.db.execute(_MOVE, ctx.tenant, vehicle_id, new.trip_id, new.odometer_m)


async def _counted_m(ctx: Context, vehicle_id: UUID, trip_id: UUID) -> int | None:
    metres: int | None = await ctx.db.fetchval(_COUNTED, ctx.tenant, vehicle_id, trip_id)
    return metres
