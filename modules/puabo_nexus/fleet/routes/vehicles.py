"""Vehicles over HTTP."""

from modules.puabo_nexus.fleet.contract import READ, ChangeVehicle, RegisterVehicle, RetireVehicle
from modules.puabo_nexus.fleet.tables import VEHICLES
from nexus_actors.http import Routes

routes = Routes(tag="vehicles")

routes.command("POST", "/v1/vehicles", RegisterVehicle, status=201)
routes.reads("/v1/vehicles", VEHICLES, scope=READ, filters=("status",), about="List the vehicles, the first to join first.")
routes.command("PATCH", "/v1/vehicles/{vehicle_id}", ChangeVehicle)
routes.command("POST", "/v1/vehicles/{vehicle_id}:retire", RetireVehicle)
