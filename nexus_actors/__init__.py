"""The actor runtime of Nexus COS: services, actors, turns, the HTTP face."""

from nexus_actors.actor import Actor, handles
from nexus_actors.catalogue import Catalogue, ServiceEntry
from nexus_actors.context import Context
from nexus_actors.database import Database, Row, Transaction
from nexus_actors.principal import Principal
from nexus_actors.service import Service

__all__ = [
    "Actor",
    "Catalogue",
    "Context",
    "Database",
    "Principal",
    "Row",
    "Service",
    "ServiceEntry",
    "Transaction",
    "handles",
]
