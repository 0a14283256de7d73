"""`nexus logs`: what the services say."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import anyio
import click

from nexus_actors.cli.platform.checkout import environment, home_of
from nexus_actors.cli.terminal.failures import told
from nexus_actors.cli.terminal.log_line import belongs_to, instant, shown
from nexus_actors.cli.terminal.screen import say, say_json
from nexus_actors.local.home import Home
from nexus_actors.local.log_file import FileTail, last_lines
from nexus_actors.platform.loading import load_catalogue

_LOOK_AGAIN_S: Final = 0.2
_OTHERS: Final = ("up", "postgres", "redis")


@click.command
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes.")
@click.option("--lines", "-n", default=100, show_default=True, type=click.IntRange(0), help="So many lines of the past.")
@click.option("--json", "as_json", is_flag=True, help="As they were written: a JSON object a line.")
@click.argument("service", required=False)
def command(service: str | None, follow: bool, lines: int, as_json: bool) -> None:
    """Show the log of SERVICE, or of all services.

    SERVICE may also be `up` (the supervisor, when detached), `postgres` or `redis` (the embedded servers).
    """
    home = home_of(environment())
    if service is not None and service not in _OTHERS:
        try:
            load_catalogue().named(service)
        except LookupError as error:
            raise click.UsageError(f"{error} Or one of: {', '.join(_OTHERS)}.") from error
    wanted = None if service in _OTHERS else service
    with told():
        files = log_files(home, service)
        tails = [FileTail(file) for file in files] if follow else []
        for line in merged((belonging(file, wanted, lines) for file in files), lines):
            _print(line, as_json)
        if follow:
            anyio.run(_follow, tails, wanted, as_json)
        elif not files:
            say(f"There is no log in {home.logs} yet.", err=True)


def log_files(home: Home, service: str | None) -> list[Path]:
    """The logs to look at."""
    if service in {"postgres", "redis"}:
        return [file for file in [home.path / service / "server.log"] if file.exists()]
    return sorted(home.logs.glob("up.log" if service == "up" else "worker-*.log"))


def belonging(file: Path, service: str | None, count: int) -> list[str]:
    """The last lines of a file that are a service's."""
    return [line for line in last_lines(file, count if service is None else None) if belongs_to(line, service)][-count:]


def merged(logs: Iterable[list[str]], count: int) -> list[str]:
    """The last lines of some logs together, by their time. Lines without one stay behind the line before them."""
    stamped = [pair for number, lines in enumerate(logs) for pair in _stamped(lines, number)]
    return [line for _, _, line in sorted(stamped, key=lambda pair: pair[:2])][-count:] if count else []


def _stamped(lines: Iterable[str], number: int) -> Iterator[tuple[str, int, str]]:
    last = ""
    for line in lines:
        last = instant(line) or last
        yield last, number, line


async def _follow(tails: list[FileTail], service: str | None, as_json: bool) -> None:
    while True:
        for tail in tails:
            for line in tail.new_lines():
                if belongs_to(line, service):
                    _print(line, as_json)
        await anyio.sleep(_LOOK_AGAIN_S)


def _print(line: str, as_json: bool) -> None:
    if as_json:
        say_json(line)
    else:
        say(shown(line))
