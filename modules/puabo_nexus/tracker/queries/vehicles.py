"""The keys of vehicles' devices."""

from uuid import UUID

from msgspec import Struct

from nexus_actors import Context, Database


class KeyHolder(Struct, frozen=True):
    """The vehicle whose device reports with a key."""

    vehicle_id: UUID
    tenant: str
    device_id: str


async def by_key(db: Database, key_hash: str) -> KeyHolder | None:
    """The vehicle whose device has the key with this hash, of whatever tenant: the key alone says who reports."""
    row = await db.fetchrow("SELECT vehicle_id, tenant, device_id FROM vehicles WHERE key_hash = $1", key_hash)
    return None if row is None else KeyHolder(**dict(row))


async def set_key(ctx: Context, vehicle_id: UUID, key_hash: str) -> None:
    """Put the hash of a new key in place of the old one."""
    await ctx.db.execute(
        "UPDATE vehicles SET key_hash = $3 WHERE tenant = $1 AND vehicle_id = $2", ctx.tenant, vehicle_id, key_hash
    )


async def retire(ctx: Context, vehicle_id: UUID) -> None:
    """Take note that the fleet has let a vehicle go. Its device's key ends with it."""
    query = "UPDATE vehicles SET retired_at = $3, key_hash = NULL WHERE tenant = $1 AND vehicle_id = $2"
    await ctx.db.execute(query, ctx.tenant, vehicle_id, ctx.now)
