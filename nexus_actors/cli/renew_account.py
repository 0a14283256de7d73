"""`nexus renew-account`: a new secret for the account of the command line."""

import anyio
import click

from nexus_actors.cli.platform.checkout import environment, home_of
from nexus_actors.cli.platform.located import NotUp
from nexus_actors.cli.terminal.failures import told
from nexus_actors.cli.terminal.progress import TerminalReport
from nexus_actors.local.first_start import FirstStart
from nexus_actors.platform.loading import load_catalogue


@click.command(short_help="Give the command line's own account a new secret.")
def command() -> None:
    """Give the command line's account a new secret, and restore it where an administrator has disabled it.

    The old secret and its tokens end. The platform must be up on this machine: who holds its servers may do this.
    """
    home = home_of(environment())
    with told():
        state = home.running()
        if state is None or state.phase != "up":
            raise NotUp(f"No platform is up in {home.path}. Start it with: nexus up")
        catalogue = load_catalogue()
        anyio.run(FirstStart(home, TerminalReport()).renew, state, [catalogue.named(name) for name in state.services])
