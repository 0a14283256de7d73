"""Drivers as they stand."""

from collections.abc import Sequence
from uuid import UUID

from modules.puabo_nexus.fleet.contract import Driver, MemberStatus
from modules.puabo_nexus.fleet.queries.cursor import AgeCursor
from modules.puabo_nexus.fleet.queries.selection import Selection
from nexus_actors.database import Reader, Row

DRIVER = "driver_id, status, name, phone, licence_number, registered_at, version, user_id"
"""The columns that make a `Driver`."""

_ONE = f"SELECT {DRIVER} FROM drivers WHERE tenant = $1 AND driver_id = $2"  # noqa: S608 - columns of ours
_MANY = Selection("drivers", DRIVER, ("registered_at", "driver_id"))


_TAKEN = """
SELECT EXISTS (SELECT FROM drivers WHERE tenant = $1 AND driver_id <> $2 AND status = 'active' AND user_id = $3)
"""


async def is_taken(db: Reader, tenant: str, driver_id: UUID, user_id: UUID) -> bool:
    """Whether an active driver other than this one has an account already."""
    taken: bool = await db.fetchval(_TAKEN, tenant, driver_id, user_id)
    return taken


async def driver(db: Reader, tenant: str, driver_id: UUID) -> Driver | None:
    """One driver, active or retired."""
    row = await db.fetchrow(_ONE, tenant, driver_id)
    return None if row is None else driver_of(row)


async def drivers(
    db: Reader, tenant: str, *, status: MemberStatus | None, after: AgeCursor | None, limit: int
) -> Sequence[Driver]:
    """Drivers in the order in which they joined."""
    return [driver_of(row) for row in await _MANY.read(db, {"tenant": tenant, "status": status}, after=after, limit=limit)]


def driver_of(row: Row) -> Driver:
    """The driver that a row of the columns `DRIVER` is."""
    return Driver(**dict(row))
