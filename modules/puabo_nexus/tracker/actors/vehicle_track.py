"""A vehicle and its track."""

from datetime import timedelta
from uuid import UUID

from msgspec.structs import replace

from bus import Refusal
from modules.puabo_nexus.fleet.contract import (
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryCompleted,
    DeliveryUnassigned,
    VehicleChanged,
    VehicleRegistered,
    VehicleRetired,
)
from modules.puabo_nexus.tracker.contract import (
    WRITE_ANY,
    CloseSilentTrip,
    ContinueErasure,
    DeviceKeyRecord,
    DeviceState,
    EndTrip,
    ErasedPositions,
    ErasePositions,
    Fix,
    NoteReport,
    PositionsErased,
    PositionsReceipt,
    RecordPositions,
    RejectedFix,
    ReviseTrips,
    SetDeviceKey,
    SetVehicleLimits,
    Trip,
    VehicleLimits,
)
from modules.puabo_nexus.tracker.domain.periods import Period
from modules.puabo_nexus.tracker.domain.recorder import Erasure, Recorder, VehicleState
from modules.puabo_nexus.tracker.domain.track import TripRules
from modules.puabo_nexus.tracker.queries import assignments, erasure, vehicles
from modules.puabo_nexus.tracker.queries.sql_history import SqlHistory
from modules.puabo_nexus.tracker.tables import HEARD, LIMITS, VEHICLES, Heard, Vehicle
from nexus_actors import Actor, Context, handles

RULES = TripRules()
SILENCE_TIMER = "silence"
REVISION_TIMER = "revision"
ERASURE_TIMER = "erasure"
MOST_AT_ONCE = 4
"""So many batches are taken before others on this worker get their turn: full ones take some hundredths of a second."""


class VehicleTrack(Actor[VehicleState]):
    """One vehicle: its membership in the fleet, its track and its trips."""

    @handles
    async def registered(self, message: VehicleRegistered, ctx: Context) -> None:
        """The fleet has it, so its positions are welcome."""
        await self._join(message, ctx)

    @handles
    async def changed(self, message: VehicleChanged, ctx: Context) -> None:
        """Its plate or its device may be another. A key belongs to a device and goes with it."""
        await self._join(message, ctx)

    @handles
    async def retired(self, message: VehicleRetired, ctx: Context) -> None:
        """Nothing more is taken of it; what there is stays."""
        self.state.membership = "retired"
        await vehicles.retire(ctx, message.vehicle_id)

    @handles(key="vehicle_id")
    async def assigned(self, message: DeliveryAssigned, ctx: Context) -> None:
        """Its driver may report for it from now on."""
        await assignments.assign(ctx, message)

    @handles(key="vehicle_id")
    async def completed(self, message: DeliveryCompleted, ctx: Context) -> None:
        """Its driver may report for it a little longer, or as long as another delivery goes on."""
        await assignments.end(ctx, message.delivery_id, message.vehicle_id)

    @handles(key="vehicle_id")
    async def cancelled(self, message: DeliveryCancelled, ctx: Context) -> None:
        """As when it is completed. One that was never assigned names no vehicle and comes to none."""
        await assignments.end(ctx, message.delivery_id, message.vehicle_id)

    @handles(key="vehicle_id")
    async def unassigned(self, message: DeliveryUnassigned, ctx: Context) -> None:
        """As when it is completed."""
        await assignments.end(ctx, message.delivery_id, message.vehicle_id)

    @handles
    async def record(self, messages: list[RecordPositions], ctx: Context) -> list[PositionsReceipt]:
        """Take the fixes of all waiting batches at once."""
        vehicle_id = messages[0].vehicle_id
        self._require_active()
        periods = await _periods(vehicle_id, ctx)
        recorder = self._recorder(vehicle_id, ctx)
        is_recording = any(message.is_recording for message in messages)
        receipts: list[PositionsReceipt] = []
        for start in range(0, len(messages), MOST_AT_ONCE):
            batches = [message.fixes for message in messages[start : start + MOST_AT_ONCE]]
            receipts += await recorder.record(batches, ctx.now, ctx.received_at, periods, is_recording)
        rejected = [item for receipt in receipts for item in receipt.rejected]
        if not is_recording and len(rejected) == sum(len(message.fixes) for message in messages):
            newest = max((fix for message in messages for fix in message.fixes), key=lambda fix: fix.fix_at)
            await _heard(vehicle_id, newest, rejected[-1].reasons, ctx)
        self._leave(vehicle_id, recorder, ctx)
        return receipts

    @handles
    async def note(self, message: NoteReport, ctx: Context) -> PositionsReceipt:
        """Note that its device lives, and keep a fix that cannot be believed apart."""
        self._require_active()
        recorder = self._recorder(message.vehicle_id, ctx)
        if message.fix is not None:
            await recorder.put_aside([(message.fix, message.reasons)])
        await _heard(message.vehicle_id, message.state, message.reasons, ctx)
        self._leave(message.vehicle_id, recorder, ctx)
        fix_at = message.fix.fix_at if message.fix is not None else ctx.now
        rejected = (RejectedFix(fix_at=fix_at, reasons=message.reasons),) if message.reasons else ()
        return PositionsReceipt(accepted=0, duplicate=0, late=0, rejected=rejected)

    @handles
    async def revise_trips(self, message: ReviseTrips, ctx: Context) -> None:
        """Go on where late fixes have left more to cut anew than one turn takes."""
        recorder = self._recorder(message.vehicle_id, ctx)
        await recorder.revise()
        self._leave(message.vehicle_id, recorder, ctx)

    @handles
    async def end_trip(self, message: EndTrip, ctx: Context) -> Trip:
        """End the trip at the newest fix."""
        self._require_active()
        await _periods(message.vehicle_id, ctx)
        recorder = self._recorder(message.vehicle_id, ctx)
        trip = await recorder.end_trip()
        self._leave(message.vehicle_id, recorder, ctx)
        return trip

    @handles
    async def close_silent_trip(self, message: CloseSilentTrip, ctx: Context) -> None:
        """End the trip if nothing more has come of it for the time of a gap, else look again when that is due."""
        recorder = self._recorder(message.vehicle_id, ctx)
        await recorder.end_silent_trip(ctx.now)
        self._leave(message.vehicle_id, recorder, ctx)

    @handles
    async def erase(self, message: ErasePositions, ctx: Context) -> ErasedPositions:
        """Forget where it was. Of a vehicle that has left the fleet too."""
        if self.state.membership == "unknown":
            self._require_active()
        vehicle_id = message.vehicle_id
        last = self.state.track.last
        ends_at = ctx.now if last is None else max(ctx.now, last.at + timedelta(microseconds=1))
        span = Erasure(message.from_at, message.to_at or ends_at)
        if self.state.is_on_trip(span):
            raise Refusal.conflict("trip_open", "The vehicle is on a trip in that range. End the trip, and erase it then.")
        self.state.forget(span, await erasure.newest_beside(ctx, vehicle_id, span.from_at, span.to_at))
        trips = await erasure.erase_trips(ctx, vehicle_id, span.from_at, span.to_at)
        self.state.erasures.append(span)
        ctx.publish(PositionsErased(vehicle_id=vehicle_id, from_at=span.from_at, to_at=span.to_at))
        positions = await self._erase_some(vehicle_id, ctx)
        return ErasedPositions(vehicle_id=vehicle_id, positions=positions, trips=trips, is_done=not self.state.erasures)

    @handles
    async def continue_erasure(self, message: ContinueErasure, ctx: Context) -> None:
        """Erase more of what is to go."""
        await self._erase_some(message.vehicle_id, ctx)

    async def _erase_some(self, vehicle_id: UUID, ctx: Context) -> int:
        if not self.state.erasures:
            return 0
        span = self.state.erasures[0]
        erased = await erasure.erase_fixes(ctx, vehicle_id, span.from_at, span.to_at)
        if erased < erasure.MOST_AT_ONCE:
            self.state.erasures.pop(0)
        if self.state.erasures:
            ctx.schedule(ContinueErasure(vehicle_id=vehicle_id), ctx.now, ERASURE_TIMER)
        self._revise_soon(vehicle_id, ctx)
        return erased

    def _revise_soon(self, vehicle_id: UUID, ctx: Context) -> None:
        if self.state.late and not self.state.erasures:
            ctx.schedule(ReviseTrips(vehicle_id=vehicle_id), ctx.now, REVISION_TIMER)

    @handles
    async def set_device_key(self, message: SetDeviceKey, ctx: Context) -> DeviceKeyRecord:
        """Let its device report with this key from now on, and with no other."""
        self._require_active()
        if self.state.device_id is None:
            raise Refusal.conflict("no_device", "The vehicle has no device. Give it a device_id in the fleet first.")
        await vehicles.set_key(ctx, message.vehicle_id, message.key_hash)
        return DeviceKeyRecord(vehicle_id=message.vehicle_id, device_id=self.state.device_id, key_hash=message.key_hash)

    @handles
    async def set_limits(self, message: SetVehicleLimits, ctx: Context) -> VehicleLimits:
        """Judge what it sends from now on by these."""
        self._require_active()
        self.state.max_speed_mps = message.max_speed_mps
        limits = VehicleLimits(vehicle_id=message.vehicle_id, max_speed_mps=message.max_speed_mps)
        await LIMITS.keep(ctx, limits)
        return limits

    async def _join(self, message: VehicleRegistered | VehicleChanged, ctx: Context) -> None:
        if self.state.membership == "unknown":
            self.state.membership = "active"
        lost = {"key_hash": None} if message.device_id != self.state.device_id else {}
        self.state.device_id = message.device_id
        vehicle = Vehicle(vehicle_id=message.vehicle_id, plate=message.plate, device_id=message.device_id)
        await VEHICLES.keep(ctx, vehicle, **lost)

    def _require_active(self) -> None:
        if self.state.membership == "unknown":
            raise Refusal.not_found("vehicle_unknown", "There is no such vehicle. Register it in the fleet first.")
        if self.state.membership == "retired":
            raise Refusal.gone("vehicle_retired", "The vehicle was retired from the fleet; nothing more is taken of it.")

    def _recorder(self, vehicle_id: UUID, ctx: Context) -> Recorder:
        history = SqlHistory(ctx.db, ctx.tenant, vehicle_id, ctx.received_at)
        limit = self.state.max_speed_mps
        rules = RULES if limit is None else replace(RULES, fixes=replace(RULES.fixes, max_speed_mps=limit))
        return Recorder(vehicle_id, self.state, history, ctx.new_id, rules)

    def _leave(self, vehicle_id: UUID, recorder: Recorder, ctx: Context) -> None:
        for event in recorder.events:
            ctx.publish(event)
        due_at = recorder.silence_timer()
        if due_at is not None:
            ctx.schedule(CloseSilentTrip(vehicle_id=vehicle_id), due_at, SILENCE_TIMER)
        self._revise_soon(vehicle_id, ctx)


async def _periods(vehicle_id: UUID, ctx: Context) -> list[Period] | None:
    """The times for which the caller may report; None for all times.

    Raises:
        Refusal: they neither drive the vehicle nor may report for all of the tenant.
    """
    caller = ctx.principal
    if caller is None or caller.may(WRITE_ANY):
        return None
    user_id = _account(caller.subject)
    periods = await assignments.periods(ctx, vehicle_id, user_id) if user_id is not None else []
    if not periods:
        raise Refusal.forbidden(
            "vehicle_not_yours",
            "You are not the driver of a delivery under way with this vehicle. Ask a dispatcher to assign it to you, and to "
            f"enter your account as the driver's user_id; or for a role with the scope {WRITE_ANY}.",
        )
    return periods


async def _heard(vehicle_id: UUID, state: Fix | DeviceState, reasons: tuple[str, ...], ctx: Context) -> None:
    """Keep when a device was heard of that sent no position to believe, and how it was."""
    heard = Heard(
        vehicle_id=vehicle_id,
        heard_at=ctx.received_at,
        reasons=reasons,
        battery_pct=state.battery_pct,
        charging=state.charging,
        ignition=state.ignition,
    )
    await HEARD.keep(ctx, heard)


def _account(subject: str) -> UUID | None:
    try:
        return UUID(subject)
    except ValueError:
        return None
