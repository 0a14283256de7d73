"""Reaching the dead letters of the platform, and which of them a command is about."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import anyio
import click

from nexus_actors.cli.platform.checkout import environment
from nexus_actors.cli.platform.located import Located, locate
from nexus_actors.cli.platform.office import open_office
from nexus_actors.cli.terminal.failures import told
from nexus_actors.cli.terminal.since import instant_since
from nexus_actors.operations.dead_letters import DeadLetters, LetterFilter
from nexus_actors.postgres.dead_letters import PostgresDeadLetters

T = TypeVar("T")
Decorated = Callable[..., Any]


def with_letters(work: Callable[[DeadLetters], Awaitable[T]]) -> T:
    """Do something with the dead letters of the platform."""

    async def run(located: Located) -> T:
        async with _desk(located) as desk:
            return await work(desk)

    with told():
        return anyio.run(run, locate(environment()))


def filtering(command: Decorated) -> Decorated:
    """The options that say which dead letters a command is about; `wanted` reads them."""
    for option in (
        click.option("--until", help="Parked before then: likewise."),
        click.option("--since", help="Parked since: 90s, 10m, 2h, 7d (or '2h ago'), or an instant of RFC 3339."),
        click.option("--cause", help="With this in the last line of what went wrong: an exception's type, or words."),
        click.option("--type", "type_", help="Of this wire type."),
        click.option("--key", help="Of this key."),
        click.option("--tenant", help="Of this tenant; of the platform itself: ''."),
        click.option("--service", help="Of this service."),
    ):
        command = option(command)
    return command


def wanted(options: dict[str, str | None], now: datetime | None = None) -> LetterFilter:
    """What the options of `filtering` say.

    Raises:
        click.UsageError: an instant is none, or they are the wrong way round.
    """
    at = now or datetime.now(UTC)
    try:
        since, until = (None if (text := options[name]) is None else instant_since(text, at) for name in ("since", "until"))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if since is not None and until is not None and since > until:
        raise click.UsageError("--since is after --until.")
    return LetterFilter(
        service=options["service"],
        tenant=options["tenant"],
        key=options["key"],
        type=options["type_"],
        cause=options["cause"],
        since=since,
        until=until,
    )


@asynccontextmanager
async def _desk(located: Located) -> AsyncIterator[DeadLetters]:
    async with open_office(located, "dead-letters") as (database, asker):
        yield DeadLetters(PostgresDeadLetters(database), asker)
