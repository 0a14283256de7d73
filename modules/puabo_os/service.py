"""PUABO OS, tied together."""

from modules.catalogue import entry
from modules.puabo_os.actors import ClearanceActor
from modules.puabo_os.contract import OS
from modules.puabo_os.desk import open_desk
from modules.puabo_os.gateway import open_gateway
from modules.puabo_os.routes import commands, dead_letters, jobs, states, status
from nexus_actors import Service

service = Service(
    entry("puabo-os"),
    topic=OS,
    actors=[ClearanceActor],
    routes=[status.routes, dead_letters.routes, states.routes, jobs.routes, commands.routes],
    deps=open_desk,
    gateway=open_gateway,
)
