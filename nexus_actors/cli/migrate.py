"""`nexus migrate`: bring the database to what this release needs."""

import anyio
import click

from nexus_actors.cli.terminal.failures import told
from nexus_actors.cli.terminal.screen import say
from nexus_actors.platform.loading import load_catalogue, load_service
from nexus_actors.settings.config import Settings


@click.command(short_help="Bring the schemas of a database up to date.")
def command() -> None:
    """Bring the schemas of all services that are built up to date in the database that NEXUS_DATABASE_URL names.

    Workers do this themselves when they start, one at a time. Where many start at once, as in a cluster, this does it before.
    Steps that workers of earlier releases cannot live with are named: those refuse to start from then on.
    """
    from nexus_actors.postgres.migrations import breaking  # noqa: PLC0415 - likewise
    from nexus_actors.worker.migrating import migrate_all  # noqa: PLC0415 - heavy, and of no use to `--help`

    with told():
        services = [load_service(entry) for entry in load_catalogue().built()]
        applied = anyio.run(migrate_all, Settings.load(secrets=()), services)
    if steps := breaking(applied):
        say(f"Workers of earlier releases cannot start on this database any more: {', '.join(steps)}.", "yellow")
    say(f"The schemas of {len(services)} services are up to date.")
