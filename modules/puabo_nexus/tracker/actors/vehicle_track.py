"""A vehicle and its track."""

from uuid import UUID

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
    DeviceKeyRecord,
    EndTrip,
    PositionsReceipt,
    RecordPositions,
    SetDeviceKey,
    Trip,
)
from modules.puabo_nexus.tracker.domain.recorder import Recorder, VehicleState
from modules.puabo_nexus.tracker.domain.track import TripRules
from modules.puabo_nexus.tracker.queries import assignments, vehicles
from modules.puabo_nexus.tracker.queries.sql_history import SqlHistory
from modules.puabo_nexus.tracker.tables import VEHICLES, Vehicle
from nexus_actors import Actor, Context, handles

RULES = TripRules()
SILENCE_TIMER = "silence"


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
        self._require_active()
        await _require_driver(messages[0].vehicle_id, ctx)
        recorder = self._recorder(messages[0].vehicle_id, ctx)
        receipts = await recorder.record([message.fixes for message in messages], ctx.now, ctx.received_at)
        self._leave(messages[0].vehicle_id, recorder, ctx)
        return receipts

    @handles
    async def end_trip(self, message: EndTrip, ctx: Context) -> Trip:
        """End the trip at the newest fix."""
        self._require_active()
        await _require_driver(message.vehicle_id, ctx)
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
    async def set_device_key(self, message: SetDeviceKey, ctx: Context) -> DeviceKeyRecord:
        """Let its device report with this key from now on, and with no other."""
        self._require_active()
        if self.state.device_id is None:
            raise Refusal.conflict("no_device", "The vehicle has no device. Give it a device_id in the fleet first.")
        await vehicles.set_key(ctx, message.vehicle_id, message.key_hash)
        return DeviceKeyRecord(vehicle_id=message.vehicle_id, device_id=self.state.device_id, key_hash=message.key_hash)

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
        return Recorder(vehicle_id, self.state, history, ctx.new_id, RULES)

    def _leave(self, vehicle_id: UUID, recorder: Recorder, ctx: Context) -> None:
        for event in recorder.events:
            ctx.publish(event)
        due_at = recorder.silence_timer()
        if due_at is not None:
            ctx.schedule(CloseSilentTrip(vehicle_id=vehicle_id), due_at, SILENCE_TIMER)


async def _require_driver(vehicle_id: UUID, ctx: Context) -> None:
    """Let nobody report for a vehicle who neither drives it nor may report for all of the tenant."""
    caller = ctx.principal
    if caller is None or caller.may(WRITE_ANY):
        return
    user_id = _account(caller.subject)
    if user_id is None or not await assignments.may_report(ctx, vehicle_id, user_id):
        raise Refusal.forbidden(
            "vehicle_not_yours",
            "You are not the driver of a delivery under way with this vehicle. Ask a dispatcher to assign it to you, and to "
            f"enter your account as the driver's user_id; or for a role with the scope {WRITE_ANY}.",
        )


def _account(subject: str) -> UUID | None:
    try:
        return UUID(subject)
    except ValueError:
        return None
