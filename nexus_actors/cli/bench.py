"""`nexus bench`: how fast this is on this machine, beside others."""

import importlib
from functools import partial
from types import ModuleType

import anyio
import click
import msgspec

from nexus_actors.cli.platform.checkout import environment, home_of
from nexus_actors.cli.terminal.failures import told

_FEW = 1_000


@click.group
def command() -> None:
    """Measure how fast this is on this machine, beside others."""


@command.command("bus", short_help="Measure the bus and the runtime beside their peers.")
@click.option("--rounds", type=click.IntRange(1, 100), default=5, show_default=True, help="How often to measure everything.")
@click.option(
    "--messages",
    type=click.IntRange(_FEW, 1_000_000),
    default=20_000,
    show_default=True,
    help="How many messages a measurement of throughput takes.",
)
@click.option("--kills/--no-kills", default=True, show_default=True, help="Count what is lost when workers are killed, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def bus(rounds: int, messages: int, as_json: bool, *, kills: bool) -> None:
    """Measure the bus and the runtime beside FastStream, taskiq, streaq and arq, with PostgreSQL and Valkey of their own.

    It prints medians and ratios, what each of them loses when its workers are killed, and what all was measured with.
    docs/benchmarks.md says how, and what it means.
    """
    run, shape = _part("run"), _part("report")
    folder = home_of(environment()).path / "bench"
    with told():
        measure = partial(run.measure, folder, rounds, messages, _say, kills=kills)
        report = anyio.run(measure, backend_options={"use_uvloop": True})
    click.echo(msgspec.json.format(msgspec.json.encode(report)) if as_json else shape.lines(report))


@command.command("recovery", short_help="Measure how long faults stop the flow.")
@click.option("--rounds", type=click.IntRange(1, 100), default=3, show_default=True, help="How often each fault happens.")
@click.option(
    "--lease",
    "lease_s",
    type=click.FloatRange(0.5, 60),
    default=5.0,
    show_default=True,
    help="For how many seconds a worker owns a partition without a sign of life.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def recovery(rounds: int, lease_s: float, as_json: bool) -> None:
    """Measure how long faults stop the flow, with servers and worker processes of their own.

    It prints the median and the worst of several rounds for each fault, and whether that is what is expected.
    docs/benchmarks.md says from when to when it is counted.
    """
    run, shape = _part("recovery.run"), _part("recovery.report")
    folder = home_of(environment()).path / "bench"
    with told():
        report = anyio.run(run.measure, folder, rounds, lease_s, _say, backend_options={"use_uvloop": True})
    click.echo(msgspec.json.format(msgspec.json.encode(report)) if as_json else shape.lines(report))


@command.command("worst", short_help="Measure how long the hardest input holds a service's loop.")
@click.option("--rounds", type=click.IntRange(1, 100), default=3, show_default=True, help="How often to measure the hardest.")
@click.option("--service", "services", multiple=True, metavar="NAME", help="Only this service; may be given again.")
@click.option("--only", "what", multiple=True, metavar="PART", help="Only messages, routes and cases with this in their name.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def worst(rounds: int, services: tuple[str, ...], what: tuple[str, ...], as_json: bool) -> None:
    """Run the hardest allowed input of every command, event and body through its service, on PostgreSQL and Valkey of its own.

    It prints the longest that one callback of the event loop held its thread, in processor time, and what services name as
    their own worst cases besides. Exits with 1 where anything is over 50 ms.
    """
    run, shape = _part("worst.run"), _part("worst.report")
    folder = home_of(environment()).path / "bench"
    with told():
        report = anyio.run(run.measure, folder, rounds, run.Wanted(services=services, what=what), _say)
    click.echo(msgspec.json.format(msgspec.json.encode(report)) if as_json else shape.lines(report))
    raise SystemExit(1 if report.is_over else 0)


def _say(text: str) -> None:
    click.secho(text, err=True, dim=True)


def _part(name: str) -> ModuleType:
    """A module of the benchmark. It belongs to the tests: the product depends on nothing that it is measured beside."""
    try:
        return importlib.import_module(f"tests.benchmarks.{name}")
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"The benchmark cannot be loaded: {error}. Run `./nexus bench` in a checkout: it installs what is measured."
        ) from error
