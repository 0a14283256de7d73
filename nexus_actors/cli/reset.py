"""`nexus reset`: forget everything."""

import anyio
import click

from nexus_actors.cli.platform.checkout import environment, home_of
from nexus_actors.cli.terminal.failures import told
from nexus_actors.cli.terminal.screen import agreed, say
from nexus_actors.local.errors import CannotStop
from nexus_actors.local.home import Home
from nexus_actors.local.leftovers import end_servers, end_workers
from nexus_actors.settings.config import Settings

_UP = "The platform of {folder} is up; nothing was removed. Stop it first: nexus down"


@click.command(short_help="Remove all data of the platform on this machine.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(yes: bool) -> None:
    """Remove all data of the platform on this machine: both embedded servers', the secrets, the logs.

    Servers that NEXUS_DATABASE_URL and NEXUS_REDIS_URL name keep theirs.
    """
    environ = environment()
    home = home_of(environ)
    with told():
        settings = Settings.load(environ, secrets=())
        if home.lock.is_held():
            raise CannotStop(_UP.format(folder=home.path))
        contents = list(home.contents())
        if not contents:
            say(f"There is nothing to remove in {home.path}.")
            return
        say("This removes for good:")
        for path in contents:
            say(f"  {path}")
        if settings.database_url or settings.redis_url:
            say("What is on the servers of NEXUS_DATABASE_URL and NEXUS_REDIS_URL stays.")
        if not yes:
            agreed("Remove it?")
        anyio.run(_reset, home)
        say("Removed.")


async def _reset(home: Home) -> None:
    if not await home.lock.claim():
        raise CannotStop(_UP.format(folder=home.path))
    try:
        await end_workers(home)
        await end_servers(home)
        home.erase()
    finally:
        home.lock.release()
