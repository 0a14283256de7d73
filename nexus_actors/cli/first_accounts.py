"""`nexus first-accounts`: let somebody log in to a platform that runs elsewhere."""

import os
from datetime import UTC, datetime

import anyio
import click

from nexus_actors.cli.platform.checkout import environment, home_of
from nexus_actors.cli.terminal.failures import told
from nexus_actors.cli.terminal.progress import TerminalReport
from nexus_actors.errors import ConfigError
from nexus_actors.local.first_start import FirstStart
from nexus_actors.local.plan import make_plan
from nexus_actors.local.run_state import RunState
from nexus_actors.platform.loading import load_catalogue
from nexus_actors.settings.config import Settings, variable


@click.command(short_help="Make a cluster's signing key and first accounts.")
def command() -> None:
    """Make what a platform lacks before anybody can log in: signing key, first administrator, account of the command line.

    Its auth-ms has to be running; NEXUS_DATABASE_URL, NEXUS_REDIS_URL and NEXUS_AUTH_KEK are those of auth-ms. In a cluster,
    run it in a pod of auth-ms, by hand: the administrator's password is shown once, on this terminal, and goes into no log.
    """
    environ = environment()
    with told():
        settings = Settings.load(environ)
        if settings.database_url is None or settings.redis_url is None or settings.auth_kek is None:
            names = ", ".join(variable(name) for name in ("database_url", "redis_url", "auth_kek"))
            raise ConfigError(f"Set {names} as auth-ms has them.")
        home = home_of(environ)
        home.make()
        plan = make_plan(load_catalogue(), home, environ)
        state = RunState(
            pid=os.getpid(),
            phase="up",
            started_at=datetime.now(UTC),
            services=plan.names,
            host=settings.host,
            port_offset=settings.port_offset,
            database_url=settings.database_url,
            redis_url=settings.redis_url,
            redis_prefix=settings.redis_prefix,
        )
        anyio.run(FirstStart(home, TerminalReport()), state, plan)
