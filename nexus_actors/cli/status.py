"""`nexus status`: how the platform on this machine stands."""

from collections.abc import Mapping
from datetime import UTC, datetime

import anyio
import click
import psutil

from bus import BusUnavailable
from nexus_actors.cli.platform.checkout import environment, home_of
from nexus_actors.cli.platform.holdings import Holdings, read_holdings
from nexus_actors.cli.platform.lagging import read_lags, waiting_in
from nexus_actors.cli.terminal.failures import told
from nexus_actors.cli.terminal.screen import say, styled
from nexus_actors.cli.terminal.services import services_table
from nexus_actors.cli.terminal.table import table
from nexus_actors.errors import NexusError
from nexus_actors.local.health import look_around
from nexus_actors.local.home import Home
from nexus_actors.local.run_state import RunState, WorkerState
from nexus_actors.operations.waiting import Waiting
from nexus_actors.platform.catalogue import Catalogue
from nexus_actors.platform.loading import load_catalogue
from nexus_actors.settings.config import Settings

_MEGABYTE = 1024 * 1024
_NOTABLE_S = 0.1
_MINUTE_S = 60.0


@click.command(short_help="Show how the services and workers fare, and what waits.")
def command() -> None:
    """Show all services with their ports and how they fare, and the workers that run them.

    PARTITIONS is how many of its partitions workers own. LAG is how long the oldest message has waited that a service has not
    handled. Below the table stand keys that wait for no fault of their messages (for a newer release, for the database): of
    which service, how many, since when, with what, and why. Messages that failed too often are in the dead letters instead.

    Exits with 0 where every service that was started is healthy and no worker ends again and again, else with 1. Services that
    --only has left out do not count.
    """
    environ = environment()
    home = home_of(environ)
    with told():
        raise SystemExit(anyio.run(_show, load_catalogue(), home, Settings.load(environ, secrets=())))


async def _show(catalogue: Catalogue, home: Home, settings: Settings) -> int:
    state = home.running()
    host, offset = (state.host, state.port_offset) if state else (settings.host, settings.port_offset)
    seen = await look_around(catalogue.services, host, offset, state.services if state else None)
    holdings = await _holdings(state)
    columns = [] if holdings is None else [("PARTITIONS", holdings.by_service())]
    waits = await _lags(state)
    if waits is not None:
        columns.append(("LAG", {service: shown_lag(seconds) for service, seconds in waits.items()}))
    say(services_table(catalogue, seen, columns))
    if state is None:
        say(f"\nNo platform runs in {home.path}. Start it with: nexus up")
        return 1
    _show_waiting(await _waiting(state))
    _show_run(state, holdings)
    healthy = all(s.is_healthy for s in seen if s.service in state.services)
    return 0 if state.phase == "up" and healthy and not any(worker.trouble for worker in state.workers) else 1


async def _holdings(state: RunState | None) -> Holdings | None:
    """Who owns what, where the database tells; this table is of use without it."""
    if state is None or not state.database_url:
        return None
    try:
        return await read_holdings(state.database_url)
    except NexusError as error:
        say(f"The database does not answer: {error}", "yellow", err=True)
        return None


async def _lags(state: RunState | None) -> Mapping[str, float] | None:
    """How far services are behind, where database and streams tell."""
    if state is None or not state.database_url or not state.redis_url:
        return None
    try:
        return await read_lags(state.database_url, state.redis_url, state.redis_prefix)
    except BusUnavailable as error:
        say(f"The streams do not answer: {error}", "yellow", err=True)
    except NexusError:
        return None  # that the database does not answer has been said
    return None


async def _waiting(state: RunState) -> Mapping[str, Waiting]:
    """Which keys wait, where the database tells."""
    if not state.database_url:
        return {}
    try:
        return await waiting_in(state.database_url)
    except NexusError:
        return {}  # that the database does not answer has been said


def _show_waiting(waiting: Mapping[str, Waiting]) -> None:
    for service, found in waiting.items():
        say("\n" + told_waiting(service, found, datetime.now(UTC)), "yellow")


def told_waiting(service: str, found: Waiting, now: datetime) -> str:
    """What waits at a service, in words."""
    keys = "1 key waits" if found.keys == 1 else f"{found.keys} keys wait"
    waited = _duration(max(0.0, (now - found.since).total_seconds()))
    return f"{service}: {keys}, the first for {waited} with {found.wire_type}: {found.reason}."


def shown_lag(seconds: float) -> str:
    """A lag in words; what is younger than a tenth of a second is being handled."""
    return "0 s" if seconds < _NOTABLE_S else f"{seconds:.1f} s" if seconds < _MINUTE_S else _duration(seconds)


def _show_run(state: RunState, holdings: Holdings | None) -> None:
    up_s = (datetime.now(UTC) - state.started_at).total_seconds()
    servers = ", ".join(state.embedded) or "none"
    say(f"\nPhase {state.phase}, for {_duration(up_s)}. Supervisor: process {state.pid}. Embedded servers: {servers}.")
    rows = [_worker_row(worker, holdings) for worker in state.workers]
    say("\n" + table(["WORKER", "PROCESS", "PARTITIONS", "MEMORY", "RESTARTS", "STATE"], rows, right=[0, 1, 2, 3, 4]))
    for worker in state.workers:
        if worker.trouble:
            what = (
                f"Worker {worker.number} ends again and again, at last with {worker.trouble}. What it says, shows: nexus logs"
            )
            say(what, "red")


def _worker_row(worker: WorkerState, holdings: Holdings | None) -> list[str]:
    partitions = "" if holdings is None or worker.pid is None else str(holdings.of_process(worker.pid))
    state = styled("failing", "red") if worker.trouble else "runs" if worker.pid is not None else "down"
    return [str(worker.number), str(worker.pid or "-"), partitions, _memory(worker.pid), str(worker.restarts), state]


def _memory(pid: int | None) -> str:
    if pid is None:
        return "-"
    try:
        return f"{psutil.Process(pid).memory_info().rss / _MEGABYTE:.0f} MB"
    except psutil.Error:
        return "-"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
