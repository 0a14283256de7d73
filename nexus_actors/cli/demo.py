"""`nexus demo`: what the modules show of themselves."""

from collections.abc import Mapping, Sequence

import anyio
import click

from nexus_actors.cli.platform.checkout import environment, home_of
from nexus_actors.cli.platform.located import Located, locate
from nexus_actors.cli.platform.visitor import visit
from nexus_actors.cli.terminal.failures import told
from nexus_actors.cli.terminal.screen import say
from nexus_actors.demo import MAPPING, MODULE, Demo, DemoFailed
from nexus_actors.local.credentials import Credentials, load_credentials
from nexus_actors.platform.catalogue import Catalogue
from nexus_actors.platform.loading import load_catalogue, parts_beside


@click.command(short_help="Run a demonstration on the running platform, or list them.")
@click.argument("name", required=False)
@click.argument("arguments", nargs=-1)
def command(name: str | None, arguments: tuple[str, ...]) -> None:
    """Run the demonstration NAME on the running platform; without a name, list those that there are.

    ARGUMENTS are those of the demonstration, such as a track: nexus demo fleet TRACK.gpx.

    Exits with 0 only when everything came out as it must.
    """
    catalogue = load_catalogue()
    with told():
        demos = find_demos(catalogue)
        if name is None:
            for known, demo in demos.items():
                say(f"{known} {demo.usage}\n    {demo.summary}")
            return
        if name not in demos:
            raise click.UsageError(f"There is no demonstration {name!r}. There are: {', '.join(demos) or 'none'}.")
        environ = environment()
        credentials = load_credentials(home_of(environ).credentials)
        if credentials is None:
            raise DemoFailed("The command line has no account here. Start the platform with: nexus up")
        came_out = anyio.run(_run, locate(environ), catalogue, credentials, demos[name], arguments)
    raise SystemExit(0 if came_out else 1)


def find_demos(catalogue: Catalogue) -> Mapping[str, Demo]:
    """The demonstrations of all modules, by name."""
    found: dict[str, Demo] = {}
    for part in parts_beside(catalogue, MODULE):
        found.update(getattr(part, MAPPING))
    return found


async def _run(located: Located, catalogue: Catalogue, credentials: Credentials, demo: Demo, arguments: Sequence[str]) -> bool:
    async with visit(located, catalogue, credentials) as visitor:
        return await demo.run(visitor, arguments)
