"""Where the gateway of PUABO OS finds the services."""

from modules.catalogue import CATALOGUE
from modules.puabo_os.contract import OS
from nexus_actors.http.gateway import Gateway
from nexus_actors.settings.environment import Environment


def open_gateway(environment: Environment) -> Gateway:
    """A gateway to every other service that is built, at the host and port where the settings say that it listens."""
    targets = {
        entry.name: environment.settings.url_of(entry.name, entry.port)
        for entry in CATALOGUE.built()
        if entry.name != OS.service
    }
    known = frozenset(entry.name for entry in CATALOGUE.services)
    return Gateway(OS.service, targets, known)
