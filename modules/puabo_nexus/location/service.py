"""location-ms, tied together."""

from modules.catalogue import entry
from modules.puabo_nexus.location.actors.geofences import GeofenceActor
from modules.puabo_nexus.location.actors.live_vehicle import LiveVehicle
from modules.puabo_nexus.location.contract import LOCATION
from modules.puabo_nexus.location.routes import crossings, geofences, positions
from nexus_actors import Service

service = Service(
    entry("location-ms"),
    topic=LOCATION,
    actors=[GeofenceActor, LiveVehicle],
    routes=[positions.routes, geofences.routes, crossings.routes],
)
