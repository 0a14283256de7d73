"""A vehicle's track: what it reports, and the trips that come of it."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from msgspec import Struct, field

from bus import Refusal
from modules.puabo_nexus.fleet.contract import VehicleChanged, VehicleRegistered, VehicleRetired
from modules.puabo_nexus.tracker.contract import (
    CloseSilentTrip,
    DeviceKeyRecord,
    EndTrip,
    Fix,
    LatePositionsRecorded,
    PositionsQuarantined,
    PositionsReceipt,
    PositionsRecorded,
    QuarantinedFix,
    RecordPositions,
    SetDeviceKey,
    Trip,
)
from modules.puabo_nexus.tracker.domain.filters import Sifted, Suspicion, sift_late, sift_live
from modules.puabo_nexus.tracker.domain.history import Checkpoint, History
from modules.puabo_nexus.tracker.domain.intake import Intake
from modules.puabo_nexus.tracker.domain.revision import CHECKPOINT_EVERY, recut
from modules.puabo_nexus.tracker.domain.track import Place, Track, TripRules
from modules.puabo_nexus.tracker.domain.trip_book import OpenTrip, TripBook
from modules.puabo_nexus.tracker.queries import vehicles
from modules.puabo_nexus.tracker.queries.sql_history import SqlHistory
from nexus_actors import Actor, Context, handles

RULES = TripRules()
SILENCE_TIMER = "silence"


class VehicleTrackState(Struct):
    """What the tracker knows of a vehicle.

    Attributes:
        membership: whether the fleet has it; positions are taken of an active vehicle alone.
        heard_at: when its newest batch came in.
        suspicion: fixes that contradict the track and may yet turn out to be right.
        trip: the trip that the track is on.
        watched: the trip for which a silence timer is set.
        since_checkpoint: how many fixes the track has taken since its last checkpoint.
    """

    membership: Literal["unknown", "active", "retired"] = "unknown"
    tenant: str = ""
    device_id: str | None = None
    track: Track = field(default_factory=Track)
    suspicion: Suspicion | None = None
    trip: OpenTrip | None = None
    watched: UUID | None = None
    heard_at: datetime | None = None
    since_checkpoint: int = 0


class VehicleTrack(Actor[VehicleTrackState]):
    """One vehicle: its membership in the fleet, its track and its trips."""

    @handles
    async def registered(self, message: VehicleRegistered, ctx: Context) -> None:
        """The fleet has it, so its positions are welcome."""
        await self._join(message, ctx)

    @handles
    async def changed(self, message: VehicleChanged, ctx: Context) -> None:
        """Its plate or its device may be another. A key belongs to a device and goes with it."""
        if message.device_id != self.state.device_id:
            await vehicles.set_key(ctx.db, message.vehicle_id, None)
        await self._join(message, ctx)

    @handles
    async def retired(self, message: VehicleRetired, ctx: Context) -> None:
        """Nothing more is taken of it; what there is stays."""
        self.state.membership = "retired"
        await vehicles.retire(ctx.db, message.vehicle_id, ctx.now)

    @handles
    async def record(self, messages: list[RecordPositions], ctx: Context) -> list[PositionsReceipt]:
        """Take the fixes of all waiting batches: the newer ones drive the live track on, older ones join the history."""
        self._require_active(ctx.tenant)
        last = self.state.track.last
        intake = Intake([m.fixes for m in messages], last.at if last is not None else None, ctx.now, RULES.fixes)
        history, book = self._open(messages[0].vehicle_id, ctx)
        if intake.old:
            await self._take_late(intake, history, book, ctx)
        if intake.live:
            await self._take_live(intake, history, book, ctx)
        self.state.heard_at = ctx.received_at
        await self._close(history, book, ctx)
        return intake.receipts()

    @handles
    async def end_trip(self, message: EndTrip, ctx: Context) -> Trip:
        """End the trip at the newest fix."""
        self._require_active(ctx.tenant)
        silent = self.state.trip is not None and self.state.trip.silent
        history, book = self._open(message.vehicle_id, ctx)
        leg = self.state.track.cut("request")
        trip = book.ended(leg) if leg is not None and not silent else None
        if leg is None or trip is None:
            raise Refusal.conflict("no_open_trip", "The vehicle is on no trip, so there is none to end.")
        await history.add_cut(leg.end.at)
        await self._close(history, book, ctx)
        return trip

    @handles
    async def close_silent(self, message: CloseSilentTrip, ctx: Context) -> None:
        """End the trip if nothing more has come of it for the time of a gap, else look again when that is due."""
        self.state.watched = None
        leg = self.state.track.open_leg
        if leg is None or self.state.trip is None or self.state.trip.silent:
            return
        history, book = self._open(message.vehicle_id, ctx)
        if ctx.now >= self._silent_at(leg.end):
            book.silenced(leg)
        await self._close(history, book, ctx)

    @handles
    async def set_device_key(self, message: SetDeviceKey, ctx: Context) -> DeviceKeyRecord:
        """Let its device report with this key from now on, and with no other."""
        self._require_active(ctx.tenant)
        if self.state.device_id is None:
            raise Refusal.conflict("no_device", "The vehicle has no device. Give it a device_id in the fleet first.")
        await vehicles.set_key(ctx.db, message.vehicle_id, message.key_hash)
        return DeviceKeyRecord(vehicle_id=message.vehicle_id, device_id=self.state.device_id, key_hash=message.key_hash)

    async def _join(self, message: VehicleRegistered | VehicleChanged, ctx: Context) -> None:
        if self.state.membership == "unknown":
            self.state.membership, self.state.tenant = "active", ctx.tenant
        self.state.device_id = message.device_id
        await vehicles.keep(ctx.db, self.state.tenant, message.vehicle_id, message.plate, message.device_id)

    def _require_active(self, tenant: str) -> None:
        if self.state.membership == "unknown" or self.state.tenant != tenant:
            raise Refusal.not_found("vehicle_unknown", "There is no such vehicle. Register it in the fleet first.")
        if self.state.membership == "retired":
            raise Refusal.gone("vehicle_retired", "The vehicle was retired from the fleet; nothing more is taken of it.")

    def _open(self, vehicle_id: UUID, ctx: Context) -> tuple[History, TripBook]:
        history = SqlHistory(ctx.db, self.state.tenant, vehicle_id, ctx.received_at)
        return history, TripBook(vehicle_id, self.state.trip, ctx.new_id)

    async def _take_live(self, intake: Intake, history: History, book: TripBook, ctx: Context) -> None:
        track = self.state.track
        last = _as_fix(track.last) if track.last is not None else None
        sifted, self.state.suspicion = sift_live(intake.live, last, self.state.suspicion, RULES.fixes)
        await self._put_aside(sifted, intake, history, book, ctx)
        if not sifted.admitted:
            return
        intake.accepted(sifted.admitted)
        await history.add_fixes(sifted.admitted)
        ctx.publish(PositionsRecorded(vehicle_id=book.vehicle_id, fixes=tuple(sifted.admitted)))
        for fix in sifted.admitted:
            leg = track.add(fix, RULES)
            if leg is not None:
                book.found(leg)
        if track.open_leg is not None:
            book.goes_on(track.open_leg)
        await self._checkpoint(history, len(sifted.admitted))

    async def _checkpoint(self, history: History, taken: int) -> None:
        self.state.since_checkpoint += taken
        last = self.state.track.last
        if self.state.since_checkpoint >= CHECKPOINT_EVERY and last is not None:
            await history.save_checkpoint(Checkpoint(last.at, self.state.track))
            self.state.since_checkpoint = 0

    async def _take_late(self, intake: Intake, history: History, book: TripBook, ctx: Context) -> None:
        known = await history.known([fix.fix_at for fix in intake.old])
        intake.duplicate(fix for fix in intake.old if fix.fix_at in known)
        new = [fix for fix in intake.old if fix.fix_at not in known]
        if not new:
            return
        neighbours = await history.around(new[0].fix_at, new[-1].fix_at)
        sifted = sift_late(new, neighbours, RULES.fixes)
        await self._put_aside(sifted, intake, history, book, ctx)
        if not sifted.admitted:
            return
        intake.late(sifted.admitted)
        await history.add_fixes(sifted.admitted)
        ctx.publish(LatePositionsRecorded(vehicle_id=book.vehicle_id, fixes=tuple(sifted.admitted)))
        await self._recut(sifted.admitted[0].fix_at, sifted.admitted[-1].fix_at, history, book)

    async def _recut(self, first: datetime, last: datetime, history: History, book: TripBook) -> None:
        part = await recut(history, first, last, RULES)
        before = await history.trips(part.since, part.before)
        if part.track is None:
            book.revise(before, part.legs)
        else:
            self.state.track = part.track
            book.revise_up_to_now(before, part.legs, part.track.open_leg)

    async def _put_aside(self, sifted: Sifted, intake: Intake, history: History, book: TripBook, ctx: Context) -> None:
        if not sifted.quarantined:
            return
        intake.rejected(sifted.quarantined)
        items = [QuarantinedFix(fix=fix, reasons=reasons) for fix, reasons in sifted.quarantined]
        new = await history.quarantine(items)
        told = tuple(item for item in items if item.fix.fix_at in new)
        if told:
            ctx.publish(PositionsQuarantined(vehicle_id=book.vehicle_id, fixes=told))

    async def _close(self, history: History, book: TripBook, ctx: Context) -> None:
        await history.remove_trips(book.removed)
        await history.save_trips(book.rows.values())
        for event in book.events:
            ctx.publish(event)
        self.state.trip = book.open
        last = self.state.track.last
        if book.open is None or book.open.silent or last is None or self.state.watched == book.open.trip_id:
            return
        ctx.schedule(CloseSilentTrip(vehicle_id=book.vehicle_id), self._silent_at(last), SILENCE_TIMER)
        self.state.watched = book.open.trip_id

    def _silent_at(self, last: Place) -> datetime:
        newest = max(last.at, self.state.heard_at) if self.state.heard_at is not None else last.at
        return newest + timedelta(seconds=RULES.gap_s)


def _as_fix(place: Place) -> Fix:
    return Fix(fix_at=place.at, lat=place.lat, lon=place.lon)
