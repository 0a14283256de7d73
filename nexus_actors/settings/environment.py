"""What a service's HTTP face may need of its process, besides what every route is given."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from bus.store import StreamStore
from nexus_actors.database import Database
from nexus_actors.operations.dead_letters import DeadLetters
from nexus_actors.operations.states import States
from nexus_actors.security.trust import TrustStore
from nexus_actors.settings.config import Settings

if TYPE_CHECKING:
    from nexus_actors.asking import BusAsker


class Environment(Struct, frozen=True, kw_only=True):
    """The process, as ``service.py`` sees it when it makes its ``deps``.

    Attributes:
        database: the read side of the service's own schema.
        platform: the read side of the shared schema ``nexus``.
        streams: the stream store.
        trust: the signing keys and revocations that this process knows.
        asker: asks commands of any service, under the service's own name.
        dead_letters: those of all services.
        states: those of all actors of all services.
        clock: the time, UTC.
    """

    settings: Settings
    database: Database
    platform: Database
    streams: StreamStore
    trust: TrustStore
    asker: "BusAsker"
    dead_letters: DeadLetters
    states: States
    clock: Callable[[], datetime]
