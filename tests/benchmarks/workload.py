"""What is measured and counted: vehicles that report where they are, and a service that takes their reports in."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from bus import Command, Event, Topic
from nexus_actors import Actor, Context, Service, ServiceEntry, handles

SOURCE: Final = Topic("bench-source-ms", partitions=8)
BENCH: Final = Topic("bench-ms", partitions=8)


class Report(Event):
    """Where a vehicle is. Each kind of report is handled in another way."""

    vehicle: str
    lat: float
    lon: float


class Seen(Report, topic=SOURCE, key="vehicle"):
    """Handled without leaving anything behind."""


class Moved(Report, topic=SOURCE, key="vehicle"):
    """Handled with a state and an event."""


class Recorded(Report, topic=SOURCE, key="vehicle"):
    """Handled with a state, a row and an event."""


class Streamed(Report, topic=SOURCE, key="vehicle"):
    """Handled with a state, a row and an event, all waiting reports of a vehicle in one call."""


class Counted(Event, topic=BENCH, key="vehicle"):
    """How many reports of a vehicle there have been."""

    vehicle: str
    reports: int


class Place(Struct, frozen=True):
    """Where a vehicle was last."""

    lat: float
    lon: float


class Locate(Command[Place], topic=BENCH, key="vehicle"):
    """Ask where a vehicle was last, and count that too."""

    vehicle: str


class VehicleState(Struct):
    """What is remembered of a vehicle."""

    reports: int = 0
    lat: float = 0.0
    lon: float = 0.0

    def take(self, report: Report) -> None:
        """Remember a report."""
        self.reports += 1
        self.lat, self.lon = report.lat, report.lon


class Onlooker(Actor[None]):
    """Looks and forgets."""

    @handles
    def seen(self, message: Seen, ctx: Context) -> None:
        """Do nothing."""


class Vehicle(Actor[VehicleState]):
    """One vehicle."""

    @handles
    def moved(self, message: Moved, ctx: Context) -> None:
        """Remember where it is, and say so."""
        self.state.take(message)
        ctx.publish(Counted(vehicle=self.key, reports=self.state.reports))

    @handles
    def recorded(self, message: Recorded, ctx: Context) -> None:
        """Remember where it is, write it down, and say so."""
        self.state.take(message)
        ctx.db.insert("fixes", **_row(message, ctx.now))
        ctx.publish(Counted(vehicle=self.key, reports=self.state.reports))

    @handles
    def streamed(self, messages: list[Streamed], ctx: Context) -> None:
        """Remember where it is, write all of it down, and say so."""
        for message in messages:
            self.state.take(message)
            ctx.db.insert("fixes", **_row(message, ctx.now))
            ctx.publish(Counted(vehicle=self.key, reports=self.state.reports))

    @handles
    def locate(self, message: Locate, ctx: Context) -> Place:
        """Answer where it is."""
        self.state.reports += 1
        return Place(lat=self.state.lat, lon=self.state.lon)


def _row(report: Report, at: datetime) -> dict[str, object]:
    return {"vehicle": report.vehicle, "lat": report.lat, "lon": report.lon, "reported_at": at}


ENTRY: Final = ServiceEntry(
    name="bench-ms", title="Benchmark", module="test", port=1, package="tests.benchmarks", layer="business"
)
service: Final = Service(ENTRY, topic=BENCH, actors=[Onlooker, Vehicle])
