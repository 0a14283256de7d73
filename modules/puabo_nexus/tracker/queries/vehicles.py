"""The vehicles that the tracker knows of, and the keys of their devices."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from nexus_actors.database import Database, Transaction


class KeyHolder(Struct, frozen=True):
    """The vehicle whose device reports with a key."""

    vehicle_id: UUID
    tenant: str
    device_id: str


async def keep(db: Transaction, tenant: str, vehicle_id: UUID, plate: str, device_id: str | None) -> None:
    """Take note of a vehicle as the fleet has it now."""
    query = """
        INSERT INTO vehicles (tenant, vehicle_id, plate, device_id) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, vehicle_id) DO UPDATE SET plate = excluded.plate, device_id = excluded.device_id
    """
    await db.execute(query, tenant, vehicle_id, plate, device_id)


async def retire(db: Transaction, tenant: str, vehicle_id: UUID, now: datetime) -> None:
    """Take note that the fleet has let a vehicle go. Its device's key ends with it."""
    query = "UPDATE vehicles SET retired_at = $3, key_hash = NULL WHERE tenant = $1 AND vehicle_id = $2"
    await db.execute(query, tenant, vehicle_id, now)


async def set_key(db: Transaction, tenant: str, vehicle_id: UUID, key_hash: str | None) -> None:
    """Put the hash of a new key in place of the old one; None takes the old one away."""
    await db.execute("UPDATE vehicles SET key_hash = $3 WHERE tenant = $1 AND vehicle_id = $2", tenant, vehicle_id, key_hash)


async def by_key(db: Database, key_hash: str) -> KeyHolder | None:
    """The vehicle whose device has the key with this hash."""
    row = await db.fetchrow("SELECT vehicle_id, tenant, device_id FROM vehicles WHERE key_hash = $1", key_hash)
    return KeyHolder(row["vehicle_id"], row["tenant"], row["device_id"]) if row is not None else None


async def plate_of(db: Database, tenant: str, vehicle_id: UUID) -> str | None:
    """A vehicle's number plate; None when there is no such vehicle."""
    query = "SELECT plate FROM vehicles WHERE tenant = $1 AND vehicle_id = $2"
    plate: str | None = await db.fetchval(query, tenant, vehicle_id)
    return plate
