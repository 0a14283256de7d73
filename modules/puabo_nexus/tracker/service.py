"""tracker-ms: takes positions, keeps tracks, cuts them into trips."""

from functools import partial
from secrets import token_urlsafe

from modules.catalogue import entry
from modules.puabo_nexus.tracker.actors.driver_account import DriverAccount
from modules.puabo_nexus.tracker.actors.vehicle_track import VehicleTrack
from modules.puabo_nexus.tracker.contract import TRACKER
from modules.puabo_nexus.tracker.routes import devices, imports, positions, trips
from modules.puabo_nexus.tracker.routes.devices import DeviceDeps
from nexus_actors import Service
from nexus_actors.settings.environment import Environment

_KEY_BYTES = 16


def _deps(_environment: Environment) -> DeviceDeps:
    return DeviceDeps(new_key=partial(token_urlsafe, _KEY_BYTES))


service = Service(
    entry("tracker-ms"),
    topic=TRACKER,
    actors=[VehicleTrack, DriverAccount],
    routes=[positions.routes, imports.routes, trips.routes, devices.routes],
    deps=_deps,
)
