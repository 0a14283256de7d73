"""`nexus up`: run the platform on this machine."""

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import anyio
import click

from nexus_actors.cli.platform.checkout import environment, home_of
from nexus_actors.cli.terminal.failures import told
from nexus_actors.cli.terminal.first_failures import follow_failures
from nexus_actors.cli.terminal.progress import logged, show
from nexus_actors.cli.terminal.screen import say
from nexus_actors.cli.terminal.services import services_table
from nexus_actors.errors import NexusError
from nexus_actors.local.errors import CannotStart
from nexus_actors.local.first_start import FirstStart
from nexus_actors.local.health import look_around
from nexus_actors.local.home import Home
from nexus_actors.local.log_file import open_log
from nexus_actors.local.plan import Plan, choose, make_plan, overridden
from nexus_actors.local.report import News, PipeReport, Report, read_news
from nexus_actors.local.run_state import RunState
from nexus_actors.local.supervisor import Supervisor
from nexus_actors.platform.catalogue import ServiceEntry
from nexus_actors.platform.loading import load_catalogue


@click.command(short_help="Run the platform on this machine.")
@click.option("--detach", "-d", is_flag=True, help="Return when everything is healthy, and let it run on.")
@click.option("--workers", type=click.IntRange(1, 256), help="How many processes share the work.  [default: 1]")
@click.option("--only", is_flag=True, help="Run the services named behind it, and no others.")
@click.option("--port-offset", type=click.IntRange(0, 50_000), help="Add this to the port of every service.  [default: 0]")
@click.option("--report", "report_to", type=int, hidden=True, help="A pipe to the process that detached this one.")
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
def command(
    detach: bool,
    workers: int | None,
    only: bool,
    port_offset: int | None,
    report_to: int | None,
    services: tuple[str, ...],
) -> None:
    """Run the platform on this machine: PostgreSQL, Redis and all services that are built.

    Where NEXUS_DATABASE_URL and NEXUS_REDIS_URL name servers, these are used; else embedded ones start, with their data in
    the folder .nexus of this checkout. The first start prints the first administrator's password, once. Ctrl-C, or `nexus down`
    from elsewhere, stops everything cleanly.

    A worker that ends is started again, for ever; one that ends again and again is told of, and all else goes on. In the
    foreground, the exit code is 1 where a worker was in such trouble at the end.
    """
    if only != bool(services):
        raise click.UsageError("Name services behind --only, such as: nexus up --only fleet-service tracker-ms")
    environ = overridden(environment(), workers=workers, port_offset=port_offset)
    home = home_of(environ)
    with told():
        if home.lock.is_held():
            _say_running(home, choose(load_catalogue(), services), workers, port_offset)
        elif detach:
            choose(load_catalogue(), services)
            _detach(home, environ, services)
        else:
            _supervise(make_plan(load_catalogue(), home, environ, services), home, report_to)


def _say_running(home: Home, asked: Sequence[ServiceEntry], workers: int | None, port_offset: int | None) -> None:
    """Show what runs.

    Raises:
        CannotStart: something else was asked for.
    """
    state = home.state
    if state is None or state.phase != "up":
        say(f"Another `nexus up` has the folder {home.path} just now. Ask again with: nexus status")
        return
    say(f"The platform is up already (process {state.pid}).\n")
    anyio.run(_show_services, state)
    names = [entry.name for entry in asked]
    other = [
        *(f"without {name}" for name in names if name not in state.services),
        *(f"with {name}" for name in state.services if name not in names),
        *([f"with --workers {len(state.workers)}"] if workers not in {None, len(state.workers)} else []),
        *([f"with --port-offset {state.port_offset}"] if port_offset not in {None, state.port_offset} else []),
    ]
    if other:
        raise CannotStart(f"It goes on as it was started, {', '.join(other)}. To start it as asked, stop it first: nexus down")


def _supervise(plan: Plan, home: Home, report_to: int | None) -> None:
    if report_to is not None:
        _run_detached(plan, home, PipeReport(report_to))
        return
    say(f"Starting {len(plan.services)} services. Their data are in {home.path}")
    report = _Foreground()
    supervisor = Supervisor(plan, home, report, FirstStart(home, report), partial(_greet, home))
    troubled = [worker for worker in anyio.run(supervisor.run) if worker.trouble]
    if troubled:
        ended = "; ".join(f"worker {worker.number} with {worker.trouble}" for worker in troubled)
        raise CannotStart(f"Ended again and again: {ended}. See {home.logs}.")


def _run_detached(plan: Plan, home: Home, listener: PipeReport) -> None:
    report = _Detached(listener)
    try:
        anyio.run(Supervisor(plan, home, report, FirstStart(home, report)).run)
    except NexusError as error:
        listener.tell(News(kind="failed", text=str(error)))
        raise


def _detach(home: Home, environ: dict[str, str], only: tuple[str, ...]) -> None:
    """Start a supervisor that outlives us, and show what it tells until everything is up."""
    say(f"Starting. The data are in {home.path}")
    home.make()
    reading, writing = os.pipe()
    output = open_log(home.log_of("up"))
    subprocess.Popen(
        [sys.executable, "-P", "-m", "nexus_actors.cli", "up", f"--report={writing}", *(["--only", *only] if only else [])],
        env={**environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=[writing],
        start_new_session=True,
    )
    os.close(writing)
    os.close(output)
    try:
        _listen(reading)
    except KeyboardInterrupt:
        say("\nIt goes on starting in the background. Ask with: nexus status. Stop it with: nexus down", err=True)
        raise
    state = home.running()
    if state is None or state.phase != "up":
        raise CannotStart(f"The supervisor ended before everything was up. See {home.log_of('up')}.")
    anyio.run(_show_services, state)
    say("Stop with: nexus down")


def _listen(reading: int) -> None:
    with open(reading, "rb") as lines:
        for news in map(read_news, lines):
            show(news)
            if news.kind == "failed":
                raise CannotStart(news.text)
            if news.kind == "up":
                return


async def _greet(home: Home, state: RunState) -> None:
    """Say that all is up, and show from then on what fails, until everything stops."""
    await _show_services(state)
    say("Stop with Ctrl-C. What the services log, shows: nexus logs -f")
    await follow_failures(home, lambda text: show(News(kind="notice", text=text)))


async def _show_services(state: RunState) -> None:
    catalogue = load_catalogue()
    entries = [catalogue.named(name) for name in state.services]
    seen = await look_around(entries, state.host, state.port_offset)
    say("\n" + services_table(catalogue, seen))
    absent = len(catalogue.services) - len(catalogue.built())
    say(f"\n{absent} more services are listed in the catalogue and not built yet.")


class _Foreground:
    """Shows the news on this terminal."""

    def tell(self, news: News) -> None:
        """See `nexus_actors.local.report.Report.tell`."""
        show(news)


class _Detached:
    """Passes the news on to whoever started us, and writes those to the log that may be kept."""

    def __init__(self, listener: Report) -> None:
        self._listener = listener

    def tell(self, news: News) -> None:
        """See `nexus_actors.local.report.Report.tell`."""
        self._listener.tell(news)
        line = logged(news, datetime.now(UTC))
        if line is not None:
            say(line)
