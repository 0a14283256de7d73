"""`nexus tail`: messages as they pass."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime

import anyio
import click
import msgspec

from bus import BusError, Channel, Envelope, StreamName, Topic
from bus.codec import Contracts, encode_envelope
from bus.follower import follow
from bus.position import Position
from bus.store import StreamStore
from nexus_actors.cli.platform.checkout import environment
from nexus_actors.cli.platform.located import Located, locate
from nexus_actors.cli.terminal.failures import told
from nexus_actors.cli.terminal.screen import one_line, say, say_json, styled
from nexus_actors.cli.terminal.since import position_since
from nexus_actors.operations.streams import open_streams
from nexus_actors.platform.catalogue import ServiceEntry
from nexus_actors.platform.contracts import messages_of, topic_of
from nexus_actors.platform.loading import load_catalogue


@click.command(short_help="Show the events of a service as they are published.")
@click.option("--json", "as_json", is_flag=True, help="Whole CloudEvents, one a line.")
@click.option("--since", help="Begin in the past: 90s, 10m, 2h, 7d, an instant, or start (as far as the stream goes back).")
@click.option("--commands", is_flag=True, help="Show commands too.")
@click.option("--key", help="Messages of this key alone.")
@click.option("--count", "-n", type=click.IntRange(1), help="End after so many messages.")
@click.argument("topics", nargs=-1, required=True, metavar="TOPIC...")
def command(
    topics: tuple[str, ...], as_json: bool, since: str | None, commands: bool, key: str | None, count: int | None
) -> None:
    """Show the events of TOPIC, a service's name, as they are published. Ctrl-C ends it."""
    catalogue = load_catalogue()
    with told():
        try:
            entries = [catalogue.named(name) for name in dict.fromkeys(topics)]
            position = None if since is None else position_since(since, datetime.now(UTC))
        except (LookupError, ValueError) as error:
            raise click.UsageError(str(error)) from error
        anyio.run(_tail, locate(environment()), _Wanted(entries, commands, key, count), position, as_json)


class _Wanted:
    """Which messages are to be shown."""

    def __init__(self, entries: Sequence[ServiceEntry], commands: bool, key: str | None, count: int | None) -> None:
        channels: tuple[Channel, ...] = ("commands", "events") if commands else ("events",)
        self.topics: list[Topic] = [topic_of(entry) for entry in entries]
        self.streams: list[StreamName] = [s for topic in self.topics for channel in channels for s in topic.streams(channel)]
        self.contracts = Contracts([kind for entry in entries for kind in messages_of(entry)])
        self.key = key
        self.count = count

    async def envelopes(self, store: StreamStore, after: Mapping[StreamName, Position]) -> AsyncIterator[Envelope]:
        seen = 0
        async for followed in follow(store, after):
            # A follower begins a little before where it is told to, in case the store has lost its newest entries.
            is_new = followed.position > after[followed.stream]
            if is_new and self.key in {None, followed.envelope.subject}:
                seen += 1
                yield followed.envelope
                if seen == self.count:
                    return


async def _tail(located: Located, wanted: _Wanted, since: Position | None, as_json: bool) -> None:
    async with open_streams(located.redis_url, located.redis_prefix) as store:
        after = await store.last(wanted.streams) if since is None else dict.fromkeys(wanted.streams, since)
        async for envelope in wanted.envelopes(store, after):
            if as_json:
                say_json(encode_envelope(envelope))
            else:
                say(shown(envelope, wanted.contracts))


def shown(envelope: Envelope, contracts: Contracts) -> str:
    """A message on one line: when, what, of which key, under which id, and its content as its contract reads it."""
    try:
        data = msgspec.json.encode(contracts.decode(envelope)).decode()
    except BusError as error:
        data = f"{bytes(envelope.data).decode(errors='replace')} ({error})"
    what = styled(one_line(envelope.type.removeprefix("nexus.")), "cyan")
    return (
        f"{envelope.time.astimezone(UTC):%H:%M:%S.%f}"[:-3]
        + f" {what} {one_line(envelope.subject)} {envelope.id} {one_line(data)}"
    )
