"""The fleet service, tied together."""

from modules.catalogue import entry
from modules.puabo_nexus.fleet.actors.deliveries import DeliveryActor
from modules.puabo_nexus.fleet.actors.drivers import DriverActor
from modules.puabo_nexus.fleet.actors.vehicles import VehicleActor
from modules.puabo_nexus.fleet.contract import FLEET
from modules.puabo_nexus.fleet.routes import deliveries, drivers, vehicles
from nexus_actors import Service

service = Service(
    entry("fleet-service"),
    topic=FLEET,
    actors=[VehicleActor, DriverActor, DeliveryActor],
    routes=[vehicles.routes, drivers.routes, deliveries.routes],
)
