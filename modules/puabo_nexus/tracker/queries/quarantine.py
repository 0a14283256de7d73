"""Reading what was put into quarantine."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.queries.fixes import FIX_COLUMNS, fix_of
from nexus_actors.http import PageQuery
from nexus_actors.tables import Here

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


async def page(here: Here, query: QuarantineQuery, before: int | None) -> list[Quarantined]:
    """The fixes of a page, and one more where there are more."""
    rows = await here.db.fetch(_PAGE, here.tenant, query.vehicle_id, query.reason, before, query.limit + 1)
    more = ("entry", "vehicle_id", "reasons", "received_at")
    return [Quarantined(fix=fix_of(row), **{name: row[name] for name in more}) for row in rows]
