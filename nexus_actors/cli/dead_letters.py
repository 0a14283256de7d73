"""`nexus dead-letters`: messages that no attempt could handle."""

from collections.abc import Sequence
from time import monotonic
from typing import Any, Final, get_args
from uuid import UUID

import anyio
import click
import msgspec

from bus import BusError, Refusal
from nexus_actors.cli.platform.letters import filtering, wanted, with_letters
from nexus_actors.cli.terminal.letters import described, groups_table, letters_table
from nexus_actors.cli.terminal.screen import agreed, say, say_json
from nexus_actors.operations.clearing import Cleared, Clearing
from nexus_actors.operations.dead_letters import DeadLetters, LetterFilter, LetterGroup, Trait
from nexus_actors.runtime.own_commands import Released

_TOLD_EVERY_S: Final = 1.0
_MOST_GROUPS: Final = 50
_REDRIVEN: Final = "They are tried again, and what waits behind them goes along."
_DROPPED: Final = "They are dropped for good, and what waits behind them is tried again."
_KINDS: Final[tuple[Trait, ...]] = ("service", "type", "cause")


@click.group(short_help="Messages that failed too often: try again, or drop.")
def command() -> None:
    """Look at messages that failed too often, and try them again or drop them.

    All that comes for the key of such a message waits behind it, so that the order of the key stays.
    """


@command.command("list", short_help="List dead letters, or count them by what they share.")
@filtering
@click.option("--by", type=click.Choice(get_args(Trait)), multiple=True, help="Count them by this.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="So many at most.")
@click.option("--after", type=int, default=0, help="From behind this NUMBER on.  [default: 0]")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
def list_(by: tuple[Trait, ...], limit: int, after: int, as_json: bool, **options: Any) -> None:  # noqa: ANN401
    """List dead letters in the order of parking, or count them: --by cause --by service."""
    which = wanted(options)
    found: Sequence[msgspec.Struct]
    if by:
        groups = with_letters(lambda desk: desk.book.groups(which, by, limit=limit))
        found, text = groups, groups_table(groups, by)
    else:
        letters = with_letters(lambda desk: desk.book.page(which, after=after, limit=limit))
        found, text = letters, letters_table(letters)
    if as_json:
        for one in found:
            say_json(msgspec.json.encode(one))
    else:
        say(text if found else "There are no dead letters.")


@command.command
@click.option("--service", help="Of this service; one event may lie in the dead letters of several.")
@click.option("--raw", is_flag=True, help="All of it as it came, with the secrets and the data of people in it.")
@click.argument("message_id", type=click.UUID, metavar="ID")
def show(message_id: UUID, service: str | None, raw: bool) -> None:
    """Show a dead letter with its content and what went wrong.

    Secrets, by name or by looks, e-mail addresses, telephone and licence numbers are masked; long texts and lists are cut.
    """
    which = LetterFilter(service=service, message_id=message_id)
    opened = with_letters(lambda desk: desk.book.opened(which))
    if not opened:
        say(f"There is no dead letter {message_id}.", "red", err=True)
        raise SystemExit(1)
    say("\n\n".join(described(letter, raw=raw) for letter in opened))


def clearing(command: Any) -> Any:  # noqa: ANN401 - a function that click decorates
    """The options of a command about many keys."""
    every = click.option("--all", "every", is_flag=True, help="All that there are.")
    dry = click.option("--dry-run", is_flag=True, help="Tell which letters the options choose, and do nothing.")
    pace = click.option("--rate", type=click.FloatRange(0.01, 10_000), default=50.0, show_default=True, help="Keys a second.")
    return filtering(every(dry(pace(command))))


@command.command(short_help="Try all dead letters of some keys again.")
@clearing
@click.argument("keys", nargs=-1, metavar="[SERVICE KEY...]")
def redrive(keys: tuple[str, ...], every: bool, dry_run: bool, rate: float, **options: Any) -> None:  # noqa: ANN401
    """Try all dead letters of some keys again, in order, under their own ids.

    The keys of a service are named (of every tenant, or of one: --tenant), or they are those with a letter that failed as the
    options say (--all: any). What waits behind it goes along. Ctrl-C ends it at any time; the same command goes on with what
    is left.
    """
    tenant = options["tenant"]
    which = _asked({**options, "tenant": None} if keys else options, every, bool(keys))
    if which is not None:
        _clear(which, drop=False, dry_run=dry_run, rate=rate, yes=True)
        return
    _refuse_dry_run(dry_run)
    service, *named = keys
    if not named:
        raise click.UsageError("Name keys behind the service.")

    async def each(desk: DeadLetters) -> list[Released]:
        return [await desk.redrive(service, key, tenant=tenant) for key in named]

    for key, released in zip(named, with_letters(each), strict=True):
        say(f"{key}: {released.redriven} are tried again.")


@command.command
@clearing
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.argument("message_ids", nargs=-1, type=click.UUID, metavar="[ID...]")
def drop(
    message_ids: tuple[UUID, ...],
    every: bool,
    dry_run: bool,
    rate: float,
    yes: bool,
    **options: Any,  # noqa: ANN401
) -> None:
    """Drop dead letters for good. The others of their keys are tried again, in order.

    They are named, or they are those that failed as the options say (--all: any). What waits behind them is not dropped.
    Ctrl-C ends it at any time.
    """
    service = options["service"]
    named = {**options, "service": None} if message_ids else options
    which = _asked(named, every, bool(message_ids))
    if which is not None:
        _clear(which, drop=True, dry_run=dry_run, rate=rate, yes=yes)
        return
    _refuse_dry_run(dry_run)
    if not yes:
        agreed(f"Drop {len(message_ids)} messages for good, and try the others of their keys again?")
    released = with_letters(lambda desk: desk.drop(message_ids, service=service))
    say(f"{released.dropped} dropped, {released.redriven} are tried again.")


def _refuse_dry_run(dry_run: bool) -> None:
    """What is named is done at once: an order that was to be tried only must not be carried out.

    Raises:
        click.UsageError: it was.
    """
    if dry_run:
        raise click.UsageError("--dry-run is for letters that options choose. See what is named by: list --key, show ID.")


def _asked(options: dict[str, str | None], every: bool, named: bool) -> LetterFilter | None:
    """Which letters the options are about; None where what is meant was named.

    Raises:
        click.UsageError: it is not said, or said twice.
    """
    limited = any(value is not None for value in options.values())
    if [named, limited, every].count(True) != 1:
        raise click.UsageError("Name what you mean, or say which by --service, --cause and the like, or give --all.")
    return None if named else wanted(options)


def _clear(which: LetterFilter, *, drop: bool, dry_run: bool, rate: float, yes: bool) -> None:
    whole, groups = with_letters(lambda desk: _looked(desk, which, drop=drop))
    if not whole.letters:
        say("There are no such dead letters.")
        return
    say(groups_table(groups, _KINDS))
    say(f"\n{whole.letters:,} failed, of {whole.keys:,} keys. {_DROPPED if drop else _REDRIVEN}")
    if dry_run:
        say("Nothing was done, for this was a dry run.")
        return
    if not yes:
        agreed(f"Drop {whole.letters:,} messages for good, and try the others of {whole.keys:,} keys again?")
    with_letters(lambda desk: _carried_out(Clearing(desk, which, drop=drop), whole, rate))


async def _looked(desk: DeadLetters, which: LetterFilter, *, drop: bool) -> tuple[LetterGroup, list[LetterGroup]]:
    clearing = Clearing(desk, which, drop=drop)
    return await clearing.count(), await desk.book.groups(clearing.wanted, _KINDS, limit=_MOST_GROUPS)


async def _carried_out(clearing: Clearing, whole: LetterGroup, rate: float) -> None:
    done, told_at = Cleared(), monotonic()

    def tell(now: Cleared) -> None:
        nonlocal done, told_at
        done = now
        if monotonic() - told_at >= _TOLD_EVERY_S:
            told_at = monotonic()
            say(f"{done.keys:,} of {whole.keys:,} keys", err=True)

    try:
        await clearing.run(lambda: anyio.sleep(1 / rate), tell)
    except (anyio.get_cancelled_exc_class(), BusError, Refusal):
        say("Stopped. What was done is done; the same command goes on with what is left.", "yellow", err=True)
        raise
    finally:
        say(f"{done.keys:,} keys go on: {done.redriven:,} letters are tried again, {done.dropped:,} were dropped.")
