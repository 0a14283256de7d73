"""`nexus dead-letters`: messages that no attempt could handle."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar
from uuid import UUID

import anyio
import click
import msgspec

from nexus_actors.cli.platform.checkout import environment
from nexus_actors.cli.platform.located import Located, locate
from nexus_actors.cli.terminal.failures import told
from nexus_actors.cli.terminal.table import table
from nexus_actors.dead_letters import DeadLetter, DeadLetters, LetterFilter, OpenedLetter
from nexus_actors.letter_content import LetterContent, content_of
from nexus_actors.local.bus_client import open_bus
from nexus_actors.postgres.database import PostgresDatabase
from nexus_actors.postgres.dead_letters import PostgresDeadLetters
from nexus_actors.postgres.pool import open_pool
from nexus_actors.runtime.release import Released

T = TypeVar("T")
_CAUSE_CHARS = 60


@click.group
def command() -> None:
    """Look at messages that failed too often, and try them again or drop them.

    All that comes for the key of such a message waits behind it, so that the order of the key stays.
    """


@command.command("list")
@click.option("--service", help="Of this service.")
@click.option("--key", help="Of this key.")
@click.option("--type", "type_", help="Of this wire type.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--after", type=int, default=0, help="From behind this number on.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
def list_(service: str | None, key: str | None, type_: str | None, limit: int, after: int, as_json: bool) -> None:
    """List dead letters in the order of parking."""
    wanted = LetterFilter(service=service, key=key, type=type_)
    letters = _with_letters(lambda desk: desk.book.page(wanted, after=after, limit=limit))
    if as_json:
        for letter in letters:
            click.echo(msgspec.json.encode(letter))
    elif letters:
        head = ["NUMBER", "SERVICE", "KEY", "ID", "TYPE", "STATE", "TRIES", "PARKED", "CAUSE"]
        click.echo(table(head, [_row(letter) for letter in letters], right=[0, 6]))
    else:
        click.echo("There are no dead letters.")


@command.command
@click.option("--service", help="Of this service; one event may lie in the dead letters of several.")
@click.option("--raw", is_flag=True, help="All of it as it came, with the secrets and the data of people in it.")
@click.argument("message_id", type=click.UUID, metavar="ID")
def show(message_id: UUID, service: str | None, raw: bool) -> None:
    """Show a dead letter with its content and what went wrong.

    Secrets, by name or by looks, e-mail addresses, telephone and licence numbers are masked; long texts and lists are cut.
    """
    wanted = LetterFilter(service=service, message_id=message_id)
    opened = _with_letters(lambda desk: desk.book.opened(wanted))
    if not opened:
        click.secho(f"There is no dead letter {message_id}.", fg="red", err=True)
        raise SystemExit(1)
    click.echo("\n\n".join(described(letter, raw=raw) for letter in opened))


@command.command
@click.argument("service")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
def redrive(service: str, keys: tuple[str, ...]) -> None:
    """Try all dead letters of a service's keys again, in order, under their own ids."""

    async def each(desk: DeadLetters) -> list[Released]:
        return [await desk.redrive(service, key) for key in keys]

    for key, released in zip(keys, _with_letters(each), strict=True):
        click.echo(f"{key}: {released.redriven} are tried again.")


@command.command
@click.option("--service", help="Of this service; one event may lie in the dead letters of several.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.argument("message_ids", nargs=-1, required=True, type=click.UUID, metavar="ID...")
def drop(message_ids: tuple[UUID, ...], service: str | None, yes: bool) -> None:
    """Drop dead letters for good. The others of their keys are tried again, in order."""
    if not yes:
        click.confirm(f"Drop {len(message_ids)} messages for good, and try the others of their keys again?", abort=True)
    released = _with_letters(lambda desk: desk.drop(message_ids, service=service))
    click.echo(f"{released.dropped} dropped, {released.redriven} are tried again.")


def _with_letters(work: Callable[[DeadLetters], Awaitable[T]]) -> T:
    async def run(located: Located) -> T:
        async with _desk(located) as desk:
            return await work(desk)

    with told():
        return anyio.run(run, locate(environment()))


@asynccontextmanager
async def _desk(located: Located) -> AsyncIterator[DeadLetters]:
    opened = open_pool(
        located.database_url,
        schema="nexus",
        application_name="nexus/dead-letters",
        max_size=1,
        read_only=True,
        connect_within_s=5,
    )
    async with opened as pool, open_bus(located.redis_url, located.redis_prefix, "nexus-dead-letters") as client:
        yield DeadLetters(PostgresDeadLetters(PostgresDatabase(pool, read_only=True)), client.asker)


def _row(letter: DeadLetter) -> list[str]:
    cause = letter.cause if len(letter.cause) <= _CAUSE_CHARS else letter.cause[: _CAUSE_CHARS - 3] + "..."
    return [
        str(letter.number),
        letter.service,
        letter.key or "-",
        str(letter.message_id),
        letter.type.removeprefix("nexus."),
        _state(letter),
        str(letter.attempts),
        f"{letter.parked_at:%Y-%m-%d %H:%M:%S}",
        cause,
    ]


def _state(letter: DeadLetter) -> str:
    if letter.released:
        return "redriven"
    return "waiting" if letter.behind else "failed"


def described(opened: OpenedLetter, *, raw: bool) -> str:
    """A dead letter as text: what is known of it, its content, and what went wrong.

    Args:
        raw: all of the content, with what is else masked or cut.
    """
    content = content_of(opened)
    letter = opened.letter if raw else content.letter
    lines = [f"{name:<11} {value}" for name, value in msgspec.to_builtins(letter).items()]
    error = (opened.error if raw else content.error) or "It did not fail itself: it waits behind another one of its key."
    return "\n".join([*lines, "", _raw(opened) if raw else _shown(content), "", error])


def _raw(opened: OpenedLetter) -> str:
    body = opened.body if opened.envelope is None else msgspec.json.format(msgspec.json.encode(opened.envelope))
    return body.decode(errors="replace")


def _shown(content: LetterContent) -> str:
    if content.envelope is None:
        return content.text or ""
    return msgspec.json.format(msgspec.json.encode(content.envelope)).decode()
