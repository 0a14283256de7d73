"""`nexus bench worst`: what the hardest allowed input of every message does to the loop of its service."""

from collections.abc import Callable, Collection, Iterable, Iterator
from io import BytesIO
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import anyio
import anyio.lowlevel
from msgspec import Struct

from bus import BusError, Refusal
from bus.redis import RedisSettings, connect
from nexus_actors.documents.interface import Interface, interfaces_of
from nexus_actors.embedded import EmbeddedPostgres, EmbeddedRedis
from nexus_actors.platform.catalogue import Catalogue
from nexus_actors.platform.loading import load_catalogue, load_service
from nexus_actors.telemetry.logs import configure_logs
from nexus_actors.worker.worker import utc_now
from tests.benchmarks.figures import Summary
from tests.benchmarks.machine import machine
from tests.benchmarks.worst.holds import Hold, Holds
from tests.benchmarks.worst.report import Line, Report
from tests.benchmarks.worst.strains import Strain, cases_of, strains_of
from tests.benchmarks.worst.subject import Subject, open_subject

Say = Callable[[str], None]
_HARDEST: Final = 3


class Wanted(Struct, frozen=True, kw_only=True):
    """What is measured; all of it where nothing is named.

    Attributes:
        services: names of services.
        what: parts of the names of messages, routes and cases.
    """

    services: Collection[str] = ()
    what: Collection[str] = ()

    def has(self, name: str) -> bool:
        """Whether something of a name is wanted."""
        return not self.what or any(part.lower() in name.lower() for part in self.what)


async def measure(folder: Path, rounds: int, wanted: Wanted, say: Say) -> Report:
    """Measure everything that is wanted.

    Args:
        folder: where the servers may keep their data while it runs.
        rounds: how often each hardest input is measured.
        say: is told how far it has come.
    """
    # What is no good fails in handlers, hundreds of times; the outcome says so.
    configure_logs(level="error", form="console", output=BytesIO(), now=utc_now)
    catalogue, lines, bench = load_catalogue(), list[Line](), _Bench(rounds)
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="worst-", dir=folder) as data, bench.holds.watching():
        async with EmbeddedPostgres(Path(data) / "postgres") as postgres, EmbeddedRedis(Path(data) / "redis") as valkey:
            for interface in interfaces_of(catalogue):
                if wanted.services and interface.name not in wanted.services:
                    continue
                async with (
                    connect(RedisSettings(url=valkey.url)) as streams,
                    open_subject(load_service(interface.entry), streams, postgres.url) as subject,
                ):
                    for name, strains in _strains(catalogue, interface, wanted):
                        say(f"{interface.name}: {name}")
                        lines += await bench.hardest(subject, strains)
    return Report(rounds=rounds, tried=bench.tried, machine=machine(), lines=tuple(lines))


def _strains(catalogue: Catalogue, interface: Interface, wanted: Wanted) -> Iterator[tuple[str, Iterable[Strain]]]:
    yield from ((name, strains) for name, strains in strains_of(interface) if wanted.has(name))
    yield from ((case.of, [case]) for case in cases_of(catalogue, interface.name) if wanted.has(case.of))


class _Bench:
    """Measures strains."""

    def __init__(self, rounds: int) -> None:
        self.holds = Holds()
        self.tried = 0
        self._rounds = rounds
        self._numbers = count()

    async def hardest(self, subject: Subject, strains: Iterable[Strain]) -> list[Line]:
        """Try each once, measure those again that held the loop longest, and give the worst; nothing where nothing is tried."""
        found: list[tuple[float, int, Strain]] = []
        for strain in strains:
            hold, _ = await self._once(subject, strain)
            self.tried += 1
            found = sorted([*found, (hold.seconds, self.tried, strain)])[-_HARDEST:]
        lines = [await self._line(subject, strain) for _, _, strain in found]
        return sorted(lines, key=lambda line: line.held_ms.median)[-1:]

    async def _line(self, subject: Subject, strain: Strain) -> Line:
        measured = [await self._once(subject, strain) for _ in range(self._rounds)]
        longest = max((hold for hold, _ in measured), key=lambda hold: hold.seconds)
        return Line(
            service=subject.name,
            what=strain.of,
            said=strain.said,
            size=strain.size,
            held_ms=Summary.of([hold.seconds * 1_000 for hold, _ in measured]),
            by=longest.by,
            outcome=measured[-1][1],
        )

    async def _once(self, subject: Subject, strain: Strain) -> tuple[Hold, str]:
        number = next(self._numbers)
        if strain.prepare is None:
            subject.tenant = f"t{number}"
        elif subject.tenant != (tenant := f"case-{strain.of.encode().hex()[:40]}"):
            subject.tenant = tenant
            await strain.prepare(subject)
        act = strain.ready(subject, number)
        await subject.settle()
        # A hold counts when its callback has ended, and this one is a part of one.
        await anyio.lowlevel.checkpoint()
        self.holds.take()
        try:
            answer = await act()
            outcome = answer if isinstance(answer, str) else "done"
            await subject.settle()
        except Refusal as refusal:
            outcome = refusal.code
        except BusError as error:
            outcome = type(error).__name__
        await anyio.lowlevel.checkpoint()
        return self.holds.take(), outcome
