"""`nexus worker`: what containers run."""

import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

import anyio
import click

from nexus_actors.cli.terminal.failures import told
from nexus_actors.local.lifeline import Pulse
from nexus_actors.platform.catalogue import ServiceEntry
from nexus_actors.platform.loading import load_catalogue, load_service
from nexus_actors.settings.config import SECRETS, Settings, variable
from nexus_actors.telemetry.logs import configure_logs


@click.command
@click.option("--all", "every", is_flag=True, help="Host all services that are built.")
@click.option("--lifeline", type=int, hidden=True, help="A pipe to the supervisor.")
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
def command(services: tuple[str, ...], every: bool, lifeline: int | None) -> None:
    """Host services in this process, in the foreground.

    The NEXUS_* variables say where PostgreSQL and Redis are, and the rest. SIGTERM lets the worker drain: it takes no more
    requests, finishes what it has begun, hands its partitions over, and ends with exit code 0. Where its loops make no progress
    for half a minute and the time of draining, it ends with 1, so that whatever runs it starts it afresh.
    """
    entries = _chosen(services, every)
    pulse = None if lifeline is None else Pulse(lifeline)
    with told():
        # A secret that a service cannot do without is missed by that service itself.
        settings = Settings.load(secrets=[name for name in SECRETS if os.environ.get(variable(name))])
        configure_logs(
            level=settings.log_level,
            form=settings.log_format,
            output=sys.stdout.buffer,
            now=partial(datetime.now, UTC),
            process="worker",
        )
        _run(settings, entries, pulse)


def _chosen(services: Sequence[str], every: bool) -> list[ServiceEntry]:
    catalogue = load_catalogue()
    if every == bool(services):
        built = ", ".join(entry.name for entry in catalogue.built())
        raise click.UsageError(f"Name services, or give --all. Built are: {built}.")
    try:
        return list(catalogue.built()) if every else [catalogue.named(name) for name in dict.fromkeys(services)]
    except LookupError as error:
        raise click.UsageError(str(error)) from error


def _run(settings: Settings, entries: Sequence[ServiceEntry], pulse: Pulse | None) -> None:
    from nexus_actors.worker.probe import STALLED_S  # noqa: PLC0415 - heavy, and of no use to `--help`
    from nexus_actors.worker.process import BEAT_S, run_worker  # noqa: PLC0415 - likewise
    from nexus_actors.worker.watchdog import Watchdog  # noqa: PLC0415 - likewise

    hosted = [load_service(entry) for entry in entries]
    if pulse is None:
        watchdog = Watchdog(STALLED_S + settings.drain_s)
        run = partial(run_worker, settings, hosted, watchdog.beat, watchdog.beat)
    else:
        shown = Watchdog(STALLED_S - BEAT_S, ends=False)
        run = partial(run_worker, settings, hosted, _both(pulse.ready, shown.beat), _both(pulse.beat, shown.beat))
    anyio.run(run, backend_options={"use_uvloop": True})


def _both(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    def call() -> None:
        first()
        second()

    return call
