"""What a tenant does, and how it looks at what came of it: the same for both, word for word but for the words' mark."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from bus import Command
from modules.puabo_nexus.fleet.contract import (
    ArriveForDelivery,
    AssignDelivery,
    CancelDelivery,
    ChangeDriver,
    ChangeVehicle,
    CompleteDelivery,
    CountDeliveryVisit,
    EraseDriver,
    PickUpDelivery,
    Place,
    RegisterDriver,
    RegisterVehicle,
    RequestDelivery,
    RetireDriver,
    RetireVehicle,
    TakeBackDelivery,
    UnassignDelivery,
)
from modules.puabo_nexus.location.contract import ChangeGeofence, Circle, CreateGeofence, DeleteGeofence
from modules.puabo_nexus.tracker.contract import (
    CloseSilentTrip,
    ContinueErasure,
    EndTrip,
    ErasePositions,
    Fix,
    RecordPositions,
    ReviseTrips,
    SetDeviceKey,
    SetVehicleLimits,
)
from tests.modules.puabo_nexus.tracker.drives import LAT, LON, M_PER_DEG_LON, START, drive, fix, stand

VAN, TRUCK, ANA, IVO, USER, PARCEL, CRATE, YARD, PARK = (UUID(int=number) for number in range(1, 10))
IDS: Final = frozenset(map(str, (VAN, TRUCK, ANA, IVO, USER, PARCEL, CRATE, YARD, PARK)))
DEVICE: Final = "358735071"
DISTANCE_M: Final = 3_000.0

Words = Callable[[str], Command[Any]]
LOOK: Final = "look"
DEVICE_REPORTS: Final = f"/osmand?id={DEVICE}&lat={LAT}&lon={LON}&timestamp={round(START.timestamp()) + 6_000}&key="
"""What the van's device asks tracker-ms, without a token. Its key is the mark of its tenant."""
DEVICE_LIVES: Final = f"/osmand?id={DEVICE}&batt=40&key="


def _place(mark: str, name: str, east_m: float) -> Place:
    return Place(name=f"{mark} {name}", lat=LAT, lon=LON + east_m / M_PER_DEG_LON, radius_m=100)


def _circle(east_m: float, radius_m: float = 150.0) -> Circle:
    return Circle(LAT, LON + east_m / M_PER_DEG_LON, radius_m)


def _delivery(mark: str, delivery_id: UUID) -> RequestDelivery:
    pickup, dropoff = _place(mark, "mill", 0), _place(mark, "shop", DISTANCE_M)
    return RequestDelivery(delivery_id=delivery_id, pickup=pickup, dropoff=dropoff, dwell_s=0)


def _report(vehicle_id: UUID, fixes: Sequence[Fix]) -> Words:
    return lambda _: RecordPositions(vehicle_id=vehicle_id, fixes=tuple(fixes))


_THERE: Final = [*stand(0, 120, 0), *drive(150, 0, DISTANCE_M, 12.0), *stand(401, 60, DISTANCE_M)]
_ODD: Final = fix(200, 80_000.0)
_BACK: Final = drive(4_000, DISTANCE_M, DISTANCE_M + 1_500, 12.0)
_LATE: Final = [fix(at_s, (at_s - 150) * 12.0) for at_s in (155, 165, 175)]

STORY: Final[tuple[Words | str, ...]] = (
    lambda mark: CreateGeofence(geofence_id=YARD, name=f"{mark} yard", shape=_circle(DISTANCE_M)),
    lambda mark: CreateGeofence(geofence_id=PARK, name=f"{mark} park", shape=_circle(20_000)),
    lambda mark: RegisterVehicle(vehicle_id=VAN, plate=f"{mark} 1", device_id=DEVICE),
    lambda mark: RegisterVehicle(vehicle_id=TRUCK, plate=f"{mark} 2"),
    lambda mark: RegisterDriver(driver_id=ANA, name=f"{mark} Ana", user_id=USER),
    lambda mark: RegisterDriver(driver_id=IVO, name=f"{mark} Ivo"),
    lambda mark: ChangeVehicle(vehicle_id=VAN, plate=f"{mark} 3"),
    lambda mark: ChangeDriver(driver_id=ANA, name=f"{mark} Anna"),
    lambda mark: SetDeviceKey(vehicle_id=VAN, key_hash=sha256(mark.encode()).hexdigest()),
    lambda mark: _delivery(mark, PARCEL),
    lambda mark: _delivery(mark, CRATE),
    LOOK,
    lambda _: AssignDelivery(delivery_id=PARCEL, vehicle_id=VAN, driver_id=ANA, assigned_at=START),
    lambda _: AssignDelivery(delivery_id=CRATE, vehicle_id=TRUCK, driver_id=IVO, assigned_at=START),
    _report(VAN, _THERE),
    _report(VAN, [_ODD]),
    LOOK,
    lambda _: CountDeliveryVisit(delivery_id=CRATE, came_at=START),
    lambda _: ArriveForDelivery(delivery_id=CRATE),
    lambda mark: PickUpDelivery(delivery_id=CRATE, reason=f"{mark} no signal"),
    lambda _: CompleteDelivery(delivery_id=CRATE),
    LOOK,
    lambda mark: TakeBackDelivery(delivery_id=CRATE, to="picked_up", reason=f"{mark} wrong door"),
    lambda mark: UnassignDelivery(delivery_id=CRATE, reason=f"{mark} broke down"),
    LOOK,
    lambda _: AssignDelivery(delivery_id=CRATE, vehicle_id=TRUCK, driver_id=IVO),
    lambda mark: CancelDelivery(delivery_id=CRATE, reason=f"{mark} too late"),
    lambda _: EndTrip(vehicle_id=VAN),
    _report(VAN, _LATE),
    _report(VAN, _BACK),
    lambda _: CloseSilentTrip(vehicle_id=VAN),
    lambda _: ReviseTrips(vehicle_id=VAN),
    DEVICE_REPORTS,
    DEVICE_LIVES,
    lambda _: SetVehicleLimits(vehicle_id=VAN, max_speed_mps=60.0),
    LOOK,
    lambda mark: ChangeGeofence(geofence_id=YARD, name=f"{mark} yard again", shape=_circle(DISTANCE_M, 300)),
    lambda _: DeleteGeofence(geofence_id=PARK),
    lambda _: RetireDriver(driver_id=IVO),
    lambda _: EraseDriver(driver_id=IVO),
    lambda _: RetireVehicle(vehicle_id=TRUCK),
    LOOK,
    lambda _: RetireVehicle(vehicle_id=VAN),
    LOOK,
    lambda _: ErasePositions(vehicle_id=VAN, from_at=START, to_at=START + timedelta(seconds=200)),
    lambda _: ContinueErasure(vehicle_id=VAN),
    LOOK,
)
"""Commands, a device's report, and looks between them."""

_AT: Final = f"lat={LAT}&lon={LON + DISTANCE_M / M_PER_DEG_LON}"
_FROM: Final = (START - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
READS: Final[dict[tuple[str, str], str]] = {
    ("fleet-service", "/v1/vehicles"): "",
    ("fleet-service", "/v1/vehicles/{vehicle_id}"): "",
    ("fleet-service", "/v1/drivers"): "",
    ("fleet-service", "/v1/drivers/{driver_id}"): "",
    ("fleet-service", "/v1/deliveries"): "",
    ("fleet-service", "/v1/deliveries/{delivery_id}"): "",
    ("fleet-service", "/v1/deliveries/{delivery_id}/timeline"): "",
    ("tracker-ms", "/v1/vehicles/{vehicle_id}/positions"): "?limit=1000",
    ("tracker-ms", "/v1/vehicles/{vehicle_id}/last"): "",
    ("tracker-ms", "/v1/vehicles/{vehicle_id}/track"): "",
    ("tracker-ms", "/v1/vehicles/{vehicle_id}/device"): "",
    ("tracker-ms", "/v1/vehicles/{vehicle_id}/limits"): "",
    ("tracker-ms", "/v1/quarantine"): "",
    ("tracker-ms", "/v1/trips"): "",
    ("tracker-ms", "/v1/trips/{trip_id}"): "",
    ("tracker-ms", "/v1/trips/{trip_id}/track"): "",
    ("location-ms", "/v1/vehicles/{vehicle_id}/position"): "",
    ("location-ms", "/v1/vehicles"): "",
    ("location-ms", "/v1/nearest"): f"?{_AT}",
    ("location-ms", "/v1/within"): f"?{_AT}&radius_m=9000",
    ("location-ms", "/v1/vehicles/{vehicle_id}/places"): "",
    ("location-ms", "/v1/geofences"): "",
    ("location-ms", "/v1/geofences/{geofence_id}"): "",
    ("location-ms", "/v1/geofences/{geofence_id}/vehicles"): "",
    ("location-ms", "/v1/crossings"): f"?from={_FROM}",
}
"""Every read by GET, with its query."""
POSTED: Final[dict[tuple[str, str], Any]] = {
    ("location-ms", "/v1/within"): {
        "area": {"type": "Polygon", "coordinates": [[[13, 45], [14, 45], [14, 46], [13, 46], [13, 45]]]}
    },
    ("location-ms", "/v1/geofences:test"): {"points": [{"lat": LAT, "lon": LON + DISTANCE_M / M_PER_DEG_LON}]},
}
"""Every read by POST, with its body."""
EXAMPLES: Final[dict[str, tuple[UUID, ...]]] = {
    "vehicle_id": (VAN, TRUCK),
    "driver_id": (ANA, IVO),
    "delivery_id": (PARCEL, CRATE),
    "geofence_id": (YARD, PARK),
}
"""What stands in paths. Ids of trips are asked for."""
