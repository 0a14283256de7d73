"""Recordings that are brought in as files."""

from collections import Counter
from itertools import chain, islice
from uuid import UUID

from msgspec import Struct

from bus import FieldError, Refusal
from modules.puabo_nexus.gpx import GpxError, Recording, read_gpx
from modules.puabo_nexus.tracker.contract import WRITE_ANY, RecordPositions
from modules.puabo_nexus.tracker.tables import VEHICLES
from nexus_actors.http import Request, Routes

MAX_IMPORT_BYTES = 8 * 1024 * 1024
AT_ONCE = 250
"""How many fixes go into one turn."""

_GPX = ("application/gpx+xml", "application/xml", "text/xml", "application/octet-stream")

routes = Routes(tag="positions")


class ImportReceipt(Struct, frozen=True, kw_only=True):
    """What became of a recording: accepted, duplicate, late, rejected and timeless ones add up to its points.

    Attributes:
        points: the points of its tracks that could be read.
        accepted, duplicate, late: see `PositionsReceipt`.
        rejected: how many are in quarantine, by the reasons.
        timeless: points that say no time, which are no fixes.
        left_out: how many points, and values of points, could not be read.
        told: of the first of these, where it stands and what is wrong with it.
    """

    points: int
    accepted: int
    duplicate: int
    late: int
    rejected: dict[str, int]
    timeless: int
    left_out: int
    told: tuple[str, ...]


@routes.post("/v1/vehicles/{vehicle_id}/positions:import", scope=WRITE_ANY, accepts=_GPX, body_limit_bytes=MAX_IMPORT_BYTES)
async def import_positions(request: Request, vehicle_id: UUID, body: bytes) -> ImportReceipt:
    """Enter a recording of where a vehicle was: the tracks of a GPX file, version 1.0 or 1.1, of at most 8 MiB.

    What can be read of it is taken as if the device had sent it, whenever that was, and the answer says what was left out. The
    same file again changes nothing, so one whose import was broken off is sent again. Takes the scopes `tracker:write:any` and
    `tracker:write`.
    """
    await VEHICLES.found(request, vehicle_id)
    recording = await _read(body)
    counts, reasons = Counter[str](), Counter[str]()
    fixes = chain.from_iterable(track.each_fix() for track in recording.tracks)
    while some := tuple(islice(fixes, AT_ONCE)):
        receipt = await request.ask(RecordPositions(vehicle_id=vehicle_id, fixes=some, is_recording=True))
        counts.update(fixes=len(some), accepted=receipt.accepted, duplicate=receipt.duplicate, late=receipt.late)
        reasons.update(" ".join(item.reasons) for item in receipt.rejected)
    if not counts["fixes"]:
        told = "; ".join(recording.told) or "None of its points carries a time."
        raise Refusal.invalid("no_fixes", "There is nothing in this file to enter.", FieldError("$", told))
    return ImportReceipt(
        points=recording.points,
        accepted=counts["accepted"],
        duplicate=counts["duplicate"],
        late=counts["late"],
        rejected=dict(reasons),
        timeless=recording.points - counts["fixes"],
        left_out=recording.left_out,
        told=recording.told,
    )


async def _read(body: bytes) -> Recording:
    try:
        return await read_gpx(body, MAX_IMPORT_BYTES)
    except GpxError as error:
        raise Refusal.invalid("invalid_gpx", str(error), FieldError("$", str(error))) from error
