"""The group of all commands. A command is a file of this folder that names a click command `command`."""

import importlib
import io
import pkgutil
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import click

import nexus_actors.cli

_PACKAGE = nexus_actors.cli.__name__
_NO_COMMANDS = {"__main__", "main"}
_MARGIN: Final = 6
GROUPS: Final[Mapping[str, Sequence[str]]] = {
    "Run it": ("up", "down", "reset", "demo", "renew-account"),
    "Look at it": ("status", "verify", "logs", "tail", "publish", "dead-letters", "states"),
    "Deploy it": ("deploy", "migrate", "first-accounts", "worker", "chart"),
    "Build on it": ("scaffold", "test", "docs", "bench", "soak", "lock"),
}
"""The commands as `nexus --help` shows them."""


class CommandFiles(click.Group):
    """Finds commands by file name (`dead_letters.py` is `dead-letters`) and loads the one that is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in order."""
        files = (file.name for file in pkgutil.iter_modules(nexus_actors.cli.__path__) if not file.ispkg)
        return sorted(name.replace("_", "-") for name in files if name not in _NO_COMMANDS and not name.startswith("_"))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands into the help, by what one wants to do."""
        known = {name: command for name in self.list_commands(ctx) if (command := self.get_command(ctx, name)) is not None}
        width = formatter.width - max(map(len, known), default=0) - _MARGIN
        for title, names in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, known.pop(name).get_short_help_str(width)) for name in names if name in known])
        if known:
            with formatter.section("Further commands"):
                formatter.write_dl([(name, command.get_short_help_str(width)) for name, command in known.items()])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, loaded now, or None."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"{_PACKAGE}.{cmd_name.replace('-', '_')}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"{_PACKAGE}.{cmd_name}: `command` is no click command.")
        return command


@click.group(cls=CommandFiles, name="nexus", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def nexus() -> None:
    """Nexus COS: 25 services, one event-driven platform.

    Begin with `nexus up`; `nexus COMMAND --help` says more of a command.
    """
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            # What a terminal or a pipe of another character set has no place for is shown as an escape; it ended the command.
            output.reconfigure(errors="backslashreplace")


def main() -> None:
    """Run the command line of this process."""
    nexus(prog_name="nexus")
