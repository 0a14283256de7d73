"""The demonstration `fleet`: a recorded drive is replayed, and a delivery moves on by it."""

from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

import anyio
from msgspec import Struct

from bus import Envelope
from modules.puabo_nexus.demo.findings import Crossing, Finding, Outcome, distances, findings, trips_ended
from modules.puabo_nexus.demo.journey import Journey, journey_of_gpx, plan_journey
from modules.puabo_nexus.demo.simulation import simulated_drive
from modules.puabo_nexus.fleet.contract import FLEET, Delivery, Driver, TimelineEntry, Vehicle
from modules.puabo_nexus.location.contract import LOCATION
from modules.puabo_nexus.tracker.contract import TRACKER, Fix, PositionsReceipt, Trip
from nexus_actors.demo import DemoFailed, RequestFailed, Visitor
from nexus_actors.http import Page

_BATCH = 25
_WITHIN_S = 20.0
_LOOK_AGAIN_S = 0.1
_PLACES = 2
_SIMULATION_SEED = 25


class FleetDemo:
    """See `nexus_actors.demo.Demo`."""

    summary = "A vehicle's recorded drive becomes a trip, crossings and a delivery."
    usage = "[TRACK.gpx]"

    async def run(self, platform: Visitor, arguments: Sequence[str]) -> bool:
        """Replay a GPX recording, or a drive that is made up, and compare what the services say of it."""
        journey = await _journey(platform, arguments)
        platform.say(f"{journey.title}: {len(journey.fixes)} fixes, {journey.length_m:.1f} m")
        async with platform.watch([FLEET, TRACKER, LOCATION]) as seen:
            cast = await _prepare(platform, journey)
            outcome = await _drive(platform, journey, cast, seen)
        return _show(platform, outcome.events, list(findings(journey, outcome)))


class _Cast(Struct, frozen=True):
    """Who takes part."""

    vehicle: Vehicle
    driver: Driver
    delivery: Delivery

    @property
    def keys(self) -> set[str]:
        """The keys of the events that are about them."""
        return {str(self.vehicle.vehicle_id), str(self.driver.driver_id), str(self.delivery.delivery_id)}


class WatchedPlace(Struct, frozen=True):
    """The part of a watched place, as location-ms shows it, that is looked at."""

    place: str


async def _journey(platform: Visitor, arguments: Sequence[str]) -> Journey:
    if not arguments:
        return plan_journey("A drive that is made up", simulated_drive(_SIMULATION_SEED, platform.now()))
    if len(arguments) > 1:
        raise DemoFailed("Name one GPX file, or none for a drive that is made up.")
    file = Path(arguments[0])
    try:
        document = await anyio.Path(file).read_bytes()
    except OSError as error:
        raise DemoFailed(f"Cannot read {file}: {error.strerror}.") from error
    return journey_of_gpx(file.name, document)


async def _prepare(platform: Visitor, journey: Journey) -> _Cast:
    """Register who takes part, and wait until all services know."""
    tag = platform.new_id().hex[-8:].upper()
    vehicle = await platform.post(
        "fleet-service", "/v1/vehicles", {"plate": f"DEMO {tag}", "device_id": f"demo-{tag.lower()}"}, Vehicle
    )
    platform.say(f"Vehicle {vehicle.plate}: {vehicle.vehicle_id}")
    driver = await platform.post("fleet-service", "/v1/drivers", {"name": f"Demo driver {tag}"}, Driver)
    platform.say(f"Driver {driver.name}: {driver.driver_id}")
    # A recording need not stop where it is farthest.
    places = {"pickup": journey.pickup, "dropoff": journey.dropoff, "dwell_s": 0}
    delivery = await platform.post("fleet-service", "/v1/deliveries", places, Delivery)
    assignment = {
        "vehicle_id": vehicle.vehicle_id,
        "driver_id": driver.driver_id,
        "assigned_at": journey.fixes[0].fix_at,
    }
    delivery = await platform.post("fleet-service", f"/v1/deliveries/{delivery.delivery_id}:assign", assignment, Delivery)
    platform.say(f"Delivery, {delivery.status}: {delivery.delivery_id}")
    await _until_known(platform, vehicle)
    return _Cast(vehicle, driver, delivery)


async def _drive(platform: Visitor, journey: Journey, cast: _Cast, seen: Sequence[Envelope]) -> Outcome:
    """Replay the fixes, end the trip, and gather what the services say."""
    path = f"/v1/vehicles/{cast.vehicle.vehicle_id}"
    receipts = []
    for start in range(0, len(journey.fixes), _BATCH):
        body = {"fixes": journey.fixes[start : start + _BATCH]}
        receipts.append(await platform.post("tracker-ms", f"{path}/positions", body, PositionsReceipt))
    platform.say(f"Replayed in {len(receipts)} batches")
    await _end_trip(platform, f"{path}/trip:end")

    async def settled() -> bool:
        events = [envelope for envelope in seen if envelope.subject in cast.keys]
        trips = await _trips(platform, cast)
        return (await _delivery(platform, cast)).status == "delivered" and trips_ended(events) == distances(trips)

    with anyio.move_on_after(_WITHIN_S):
        while not await settled():  # noqa: ASYNC110 - only asking the services tells
            await anyio.sleep(_LOOK_AGAIN_S)
    return await _outcome(platform, cast, receipts, [envelope for envelope in seen if envelope.subject in cast.keys])


async def _outcome(platform: Visitor, cast: _Cast, receipts: Sequence[PositionsReceipt], events: Sequence[Envelope]) -> Outcome:
    delivery_id = cast.delivery.delivery_id
    crossings = await platform.get("location-ms", f"/v1/crossings?delivery_id={delivery_id}", Page[Crossing])
    timeline = await platform.get("fleet-service", f"/v1/deliveries/{delivery_id}/timeline", Page[TimelineEntry])
    return Outcome(
        receipts=receipts,
        trips=await _trips(platform, cast),
        crossings=crossings.items,
        delivery=await _delivery(platform, cast),
        timeline=timeline.items,
        events=events,
    )


async def _end_trip(platform: Visitor, path: str) -> None:
    try:
        await platform.post("tracker-ms", path, None, Trip)
    except RequestFailed as error:
        # The recording may end with a stop, which has ended the trip already.
        if error.status != HTTPStatus.CONFLICT:
            raise


async def _trips(platform: Visitor, cast: _Cast) -> list[Trip]:
    page = await platform.get("tracker-ms", f"/v1/trips?vehicle_id={cast.vehicle.vehicle_id}", Page[Trip])
    return page.items


async def _delivery(platform: Visitor, cast: _Cast) -> Delivery:
    return await platform.get("fleet-service", f"/v1/deliveries/{cast.delivery.delivery_id}", Delivery)


async def _until_known(platform: Visitor, vehicle: Vehicle) -> None:
    """Wait until tracker-ms takes the vehicle's positions and location-ms watches it for both places."""
    path = f"/v1/vehicles/{vehicle.vehicle_id}"
    with anyio.move_on_after(_WITHIN_S):
        while not await _is_known(platform, path):  # noqa: ASYNC110 - only asking the services tells
            await anyio.sleep(_LOOK_AGAIN_S)
        return
    raise DemoFailed(f"After {_WITHIN_S:g} s tracker-ms or location-ms have not heard of the vehicle. See: nexus logs")


async def _is_known(platform: Visitor, path: str) -> bool:
    try:
        await platform.get("tracker-ms", f"{path}/positions?limit=1", Page[Fix])
    except RequestFailed as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return False
        raise
    watched = await platform.get("location-ms", f"{path}/places", Page[WatchedPlace])
    return len(watched.items) == _PLACES


def _show(platform: Visitor, events: Sequence[Envelope], found: Sequence[Finding]) -> bool:
    platform.say("\nWhat passed on the bus:")
    for envelope in events:
        name = envelope.type.removeprefix("nexus.")
        platform.say(f"  {envelope.time:%H:%M:%S.%f}  {name:<44} {envelope.id}")
    platform.say("\nWhat the services say:")
    for finding in found:
        platform.say(f"  {'✓' if finding.agrees else '✗'} {finding.text}")
    return all(finding.agrees for finding in found)
