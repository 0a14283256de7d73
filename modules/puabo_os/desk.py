"""What the routes of PUABO OS work with."""

from msgspec import Struct

from bus import BusUnavailable
from bus.store import StreamStore
from modules.catalogue import CATALOGUE
from modules.puabo_os.commands import CommandDesk
from modules.puabo_os.domain.standing import Facts, SystemStatus, survey
from modules.puabo_os.queries import standing
from nexus_actors import Database
from nexus_actors.operations.dead_letters import DeadLetters
from nexus_actors.operations.lag import Lag, lags, read_checkpoints, worst
from nexus_actors.operations.waiting import read_waiting
from nexus_actors.service import platform_version
from nexus_actors.settings.environment import Environment


class Desk(Struct, frozen=True):
    """The platform, as PUABO OS looks at it."""

    environment: Environment
    commands: CommandDesk

    @property
    def platform(self) -> Database:
        """The shared schema."""
        return self.environment.platform

    @property
    def streams(self) -> StreamStore:
        """The streams."""
        return self.environment.streams

    @property
    def letters(self) -> DeadLetters:
        """The dead letters of all services."""
        return self.environment.dead_letters

    async def lag(self) -> Lag | None:
        """How far services are behind; None while the streams cannot be reached."""
        try:
            return await lags(self.streams, await read_checkpoints(self.platform), self.environment.clock())
        except BusUnavailable:
            return None

    async def status(self) -> SystemStatus:
        """How all 25 services stand."""
        lag = await self.lag()
        facts = Facts(
            workers=await standing.workers(self.platform),
            holdings=await standing.holdings(self.platform),
            lag_s=None if lag is None else worst(lag),
            dead_letters=await standing.dead_letter_counts(self.platform),
            waiting=await read_waiting(self.platform),
            live_within_s=self.environment.settings.lease_s,
        )
        return survey(CATALOGUE, facts, self.environment.clock(), platform_version())


def open_desk(environment: Environment) -> Desk:
    """The desk of a process."""
    return Desk(environment, CommandDesk.of(CATALOGUE))
