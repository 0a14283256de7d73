"""The group of all commands. A command is a file of this folder that names a click command `command`."""

import importlib
import pkgutil

import click

import nexus_actors.cli

_PACKAGE = nexus_actors.cli.__name__
_NO_COMMANDS = {"__main__", "main"}


class CommandFiles(click.Group):
    """Finds commands by file name (`dead_letters.py` is `dead-letters`) and loads the one that is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in order."""
        files = (file.name for file in pkgutil.iter_modules(nexus_actors.cli.__path__) if not file.ispkg)
        return sorted(name.replace("_", "-") for name in files if name not in _NO_COMMANDS and not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, loaded now, or None."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"{_PACKAGE}.{cmd_name.replace('-', '_')}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"{_PACKAGE}.{cmd_name}: `command` is no click command.")
        return command


@click.group(cls=CommandFiles, name="nexus", context_settings={"help_option_names": ["-h", "--help"]})
def nexus() -> None:
    """Nexus COS: 25 services, one event-driven platform."""


def main() -> None:
    """Run the command line of this process."""
    nexus(prog_name="nexus")
