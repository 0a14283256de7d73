"""Reading what was put into quarantine."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.queries.rows import FIX_COLUMNS, fix_of
from nexus_actors import Database
from nexus_actors.http import PageQuery

_PAGE = f"""
    SELECT {FIX_COLUMNS}, vehicle_id, received_at, reasons, entry FROM quarantine WHERE tenant = $1
    AND ($2::uuid IS NULL OR vehicle_id = $2) AND ($3::text IS NULL OR $3 = ANY(reasons)) AND ($4::bigint IS NULL OR entry < $4)
    ORDER BY entry DESC LIMIT $5
"""  # noqa: S608 - constants


class QuarantineQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which fixes in quarantine, the last to come in first.

    Attributes:
        vehicle_id: of this vehicle alone.
        reason: for this reason alone, such as ``implausible_speed``.
    """

    vehicle_id: UUID | None = None
    reason: str | None = None


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


async def page(db: Database, tenant: str, query: QuarantineQuery, before: int | None) -> list[Quarantined]:
    """The fixes of a page, and one more where there are more."""
    rows = await db.fetch(_PAGE, tenant, query.vehicle_id, query.reason, before, query.limit + 1)
    return [
        Quarantined(
            entry=row["entry"],
            vehicle_id=row["vehicle_id"],
            fix=fix_of(row),
            reasons=row["reasons"],
            received_at=row["received_at"],
        )
        for row in rows
    ]
