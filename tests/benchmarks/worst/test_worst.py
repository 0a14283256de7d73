"""The benchmark of the hardest inputs: what it watches, that it runs, and how it shows what it found."""

import asyncio
from pathlib import Path

import anyio
import msgspec
import pytest
from click.testing import CliRunner
from msgspec import Struct

from nexus_actors.cli import bench
from nexus_actors.platform.loading import load_catalogue
from tests.benchmarks.figures import Summary
from tests.benchmarks.worst import run
from tests.benchmarks.worst.holds import Holds
from tests.benchmarks.worst.inputs import FILL_BYTES, inputs_of
from tests.benchmarks.worst.report import Line, Report, lines
from tests.benchmarks.worst.run import Wanted, measure
from tests.benchmarks.worst.strains import cases_of
from tests.nexus_actors.telemetry.log_lines import logging_restored


def line(what: str, median_ms: float) -> Line:
    held = Summary(median_ms, median_ms / 2, median_ms * 2)
    return Line(
        service="fleet-service", what=what, said="$.name, 9 items", size=1_234, held_ms=held, by="handle", outcome="done"
    )


QUICK, SLOW = line("RegisterVehicle", 0.5), line("RegisterDriver", 50.5)
REPORT = Report(rounds=3, tried=20, machine="2 cores, x86_64, Linux", lines=(QUICK, SLOW))


def test_the_longest_hold_is_that_of_who_works_without_a_pause() -> None:
    holds = Holds()

    async def work() -> int:
        return sum(range(300_000))

    async def work_in_parts() -> None:
        for _ in range(300):
            sum(range(1_000))
            await asyncio.sleep(0)

    async def both() -> None:
        await asyncio.gather(work(), work_in_parts())

    with holds.watching():
        asyncio.run(both())
    assert holds.take().by.endswith("<locals>.work")
    assert holds.count > 300
    asyncio.run(both())
    assert holds.take().by == "nothing", "it watches no longer"


class Free(Struct):
    texts: list[str]
    name: str


def test_where_no_bound_is_named_the_inputs_fill_a_message() -> None:
    found = list(inputs_of(Free))
    sizes = [len(msgspec.json.encode(each.value)) for each in found]
    assert found[0].said == "everything at its greatest"
    assert FILL_BYTES / 2 < sizes[0] <= FILL_BYTES * 1.1
    assert sum(FILL_BYTES / 2 < size <= FILL_BYTES * 1.1 for size in sizes) >= 3


def test_one_command_is_run_through_its_service(tmp_path: Path) -> None:
    said: list[str] = []
    with logging_restored():
        report = anyio.run(measure, tmp_path, 1, Wanted(services=["fleet-service"], what=["RetireVehicle"]), said.append)
    (found,) = report.lines
    assert (found.service, found.what, found.outcome) == ("fleet-service", "RetireVehicle", "vehicle_not_found")
    assert found.held_ms.median > 0
    assert found.size > 0
    assert report.tried > 1
    assert said == ["fleet-service: RetireVehicle"]


def test_services_name_cases_of_their_own() -> None:
    catalogue = load_catalogue()
    assert [case.of for case in cases_of(catalogue, "tracker-ms")] == ["late fix into a trip of 100,000 fixes"]
    assert not list(cases_of(catalogue, "fleet-service"))


def test_what_is_over_the_limit_is_marked() -> None:
    marked = [each for each in lines(REPORT).splitlines() if "OVER 50" in each]
    assert [each.split()[1] for each in marked] == ["RegisterDriver"]
    assert "$.name, 9 items; held by handle" in marked[0]
    assert "1 of 2 over 50 ms" in lines(REPORT)
    assert msgspec.json.decode(msgspec.json.encode(REPORT), type=Report) == REPORT


@pytest.mark.parametrize(("found", "code"), [((QUICK,), 0), ((QUICK, SLOW), 1)])
def test_the_exit_code_says_whether_all_is_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, found: tuple[Line, ...], code: int
) -> None:
    async def measured(*_: object) -> Report:
        return msgspec.structs.replace(REPORT, lines=found)

    monkeypatch.setattr(run, "measure", measured)
    monkeypatch.setenv("NEXUS_DATA_DIR", str(tmp_path))
    said = CliRunner().invoke(bench.command, ["worst", "--json"])
    assert said.exit_code == code
    assert msgspec.json.decode(said.output, type=Report).lines == found
