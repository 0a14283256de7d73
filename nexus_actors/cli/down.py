"""`nexus down`: stop the platform on this machine."""

import os
import signal
from contextlib import suppress

import anyio
import click

from nexus_actors.cli.platform.checkout import environment, home_of
from nexus_actors.cli.terminal.failures import told
from nexus_actors.cli.terminal.screen import say
from nexus_actors.local.errors import CannotStop
from nexus_actors.local.home import Home
from nexus_actors.local.leftovers import end_servers, end_workers

_PATIENCE_S = 120.0
_LOOK_AGAIN_S = 0.05


@click.command(short_help="Stop the platform on this machine, losing nothing.")
def command() -> None:
    """Stop the platform on this machine and wait until it has stopped.

    The workers finish what they have begun and hand their partitions over; then the embedded servers stop. Nothing is lost.
    """
    with told():
        anyio.run(_stop, home_of(environment()))


async def _stop(home: Home) -> None:
    if not home.path.is_dir():
        say("The platform is not up.")
        return
    supervisor = home.lock.holder()
    if supervisor is not None:
        say(f"Stopping the platform of {home.path}")
        await _end(home, supervisor)
        say("Stopped.")
        return
    await _clean_up(home)


async def _end(home: Home, supervisor: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(supervisor, signal.SIGTERM)
    with anyio.move_on_after(_PATIENCE_S):
        while home.lock.is_held():  # noqa: ASYNC110 - it is no child of ours
            await anyio.sleep(_LOOK_AGAIN_S)
        return
    raise CannotStop(f"Process {supervisor} still runs after {_PATIENCE_S:g} s. See {home.log_of('up')}.")


async def _clean_up(home: Home) -> None:
    """Nothing holds the folder. A supervisor that was killed may have left something behind all the same."""
    if not await home.lock.claim():
        raise CannotStop("Another nexus command has just taken the folder. Try again.")
    try:
        was_killed = home.state is not None
        await end_workers(home)
        await end_servers(home)
    finally:
        home.lock.release()
    say("The platform had been killed; what it left behind is gone." if was_killed else "The platform is not up.")
