"""Reading what was put into quarantine."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.queries.fixes import FIX_COLUMNS, fix_of
from nexus_actors.tables import Here

_PAGE = f"""
    SELECT {FIX_COLUMNS}, vehicle_id, received_at, reasons, entry FROM quarantine WHERE tenant = $1
    AND ($2::uuid IS NULL OR vehicle_id = $2) AND ($3::text IS NULL OR $3 = ANY(reasons)) AND ($4::bigint IS NULL OR entry < $4)
    ORDER BY entry DESC LIMIT $5
"""  # noqa: S608 - constants


class Quarantined(Struct, frozen=True, kw_only=True):
    """A fix in quarantine.

    Attributes:
        entry: grows with each fix put aside.
    """

    entry: int
    vehicle_id: UUID
    fix: Fix
    reasons: list[str]
    received_at: datetime


async def page(here: Here, vehicle_id: UUID | None, reason: str | None, before: int | None, limit: int) -> list[Quarantined]:
    """The fixes of a vehicle, for a reason, or all, before an entry; one more than ``limit`` where there are more."""
    rows = await here.db.fetch(_PAGE, here.tenant, vehicle_id, reason, before, limit + 1)
    more = ("entry", "vehicle_id", "reasons", "received_at")
    return [Quarantined(fix=fix_of(row), **{name: row[name] for name in more}) for row in rows]
