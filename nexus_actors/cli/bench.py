"""`nexus bench`: how fast this is on this machine, beside others."""

import importlib
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


@command.command("bus")
@click.option("--rounds", type=click.IntRange(1, 100), default=5, show_default=True, help="How often to measure everything.")
@click.option(
    "--messages",
    type=click.IntRange(_FEW, 1_000_000),
    default=20_000,
    show_default=True,
    help="How many messages a measurement of throughput takes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def bus(rounds: int, messages: int, as_json: bool) -> None:
    """Measure the bus and the runtime beside FastStream, with PostgreSQL and Valkey of their own.

    It prints medians and ratios, and below them what they were measured with. docs/benchmarks.md says how, and what it means.
    """
    run, shape = _part("run"), _part("report")
    folder = home_of(environment()).path / "bench"
    with told():
        report = anyio.run(run.measure, folder, rounds, messages, _say, backend_options={"use_uvloop": True})
    click.echo(msgspec.json.format(msgspec.json.encode(report)) if as_json else shape.lines(report))


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
