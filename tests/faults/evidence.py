"""What the database and the streams hold at rest: the evidence that a history is checked against."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import msgspec
import redis.asyncio as redis
from msgspec import Struct

from bus import Envelope, StreamName, Topic
from bus.address import RedisAddress
from bus.codec import decode_envelope
from bus.position import START, Position
from nexus_actors.service import Service

PREFIX: Final = "nexus:"

_CHECKPOINTS: Final = "SELECT service, stream, ms, seq FROM nexus.checkpoints"
_UNPUBLISHED: Final = """
SELECT partition, published_seq, last FROM
    (SELECT l.partition, l.published_seq, (SELECT max(seq) FROM outbox o WHERE o.partition = l.partition) AS last
     FROM nexus.leases l WHERE l.service = $1) AS marks
WHERE last > published_seq"""
_TIMERS: Final = "SELECT count(*) FROM timers"
_ENTRIES: Final = "SELECT account, number, operation, amount FROM entries WHERE starts_with(account, $1) ORDER BY ordinal"
_AUDITS: Final = "SELECT account, number FROM audits WHERE starts_with(account, $1)"
_STATES: Final = "SELECT key, body FROM states WHERE actor = $1 AND starts_with(key, $2)"
_HANDLED: Final = "SELECT reader, account, number FROM handled WHERE starts_with(account, $1) ORDER BY ordinal"
_OUTBOX: Final = "SELECT seq, message_id, body FROM outbox WHERE partition = $1 AND seq > $2 ORDER BY seq"
_INBOX: Final = "SELECT message_id FROM inbox WHERE message_id = ANY($1)"
_PARKED: Final = "SELECT message_id FROM nexus.dead_letters WHERE service = $1"


class Entry(NamedTuple):
    """A row of the ledger, in the order of writing."""

    account: str
    number: int
    operation: UUID
    amount: int


class Handled(NamedTuple):
    """A row of a reader of the ledger's events, in the order of writing."""

    reader: str
    account: str
    number: int


class Sent(NamedTuple):
    """A row of an outbox."""

    partition: int
    seq: int
    message_id: UUID
    envelope: Envelope


class Evidence(Struct):
    """Everything that is looked at.

    Attributes:
        entries: the ledger's rows.
        accounts: the ledger's states by account: number and total.
        tallies: the tally's states by account.
        handled: rows of the readers, by service.
        audits: what timers have done: account and number.
        outboxes: what each service has published, by its turns.
        inboxes: which of the messages in the streams each service knows as handled.
        parked: the ids in each service's dead letters.
        behind: what is not at rest, in words.
        streams: what the streams hold.
    """

    entries: list[Entry]
    accounts: dict[str, dict[str, int]]
    tallies: dict[str, dict[str, int]]
    handled: dict[str, list[Handled]]
    audits: list[tuple[str, int]]
    outboxes: dict[str, list[Sent]]
    inboxes: dict[str, set[UUID]]
    parked: dict[str, set[UUID]]
    behind: list[str]
    streams: dict[StreamName, list[Envelope]]


class Database:
    """Reads the schemas of services."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection = connection

    async def fetch(self, schema: str, query: str, *arguments: object) -> Sequence[Any]:
        """The rows of a query in a schema."""
        await self._connection.execute("SELECT set_config('search_path', $1, false)", schema)
        return await self._connection.fetch(query, *arguments)

    async def ids(self, schema: str, query: str, *arguments: object) -> set[UUID]:
        """The message ids that a query gives."""
        return {UUID(str(row["message_id"])) for row in await self.fetch(schema, query, *arguments)}

    async def states(self, schema: str, actor: str, name: str) -> dict[str, dict[str, int]]:
        """The states of an actor, by key, for keys that begin with a name."""
        rows = await self.fetch(schema, _STATES, actor, name)
        bodies = {row["key"]: msgspec.json.decode(row["body"], type=dict[str, int | str]) for row in rows}
        return {key: {name: value for name, value in body.items() if isinstance(value, int)} for key, body in bodies.items()}

    async def outbox(self, schema: str, partition: int, after: int) -> list[Sent]:
        """What a service has published from a partition, behind a row."""
        rows = await self.fetch(schema, _OUTBOX, partition, after)
        return [Sent(partition, row["seq"], row["message_id"], decode_envelope(row["body"])) for row in rows]


class Collector:
    """Reads the evidence: all of it, or round by round, where each round has accounts of its own.

    Args:
        services: the ledger, then those that read it.
    """

    def __init__(self, database_url: str, redis_url: str, services: Sequence[Service]) -> None:
        self._read: dict[tuple[str, int], int] = {}
        self._database_url = database_url
        self._redis_url = redis_url
        self._services = services
        self._ledger = services[0]

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """The database that is read, for other questions."""
        connection = await asyncpg.connect(self._database_url)
        try:
            yield Database(connection)
        finally:
            await connection.close()

    async def behind(self) -> list[str]:
        """What is not at rest yet, in words: streams not read to their end, messages not published, timers still set."""
        async with self.database() as database:
            found = await self._unread(database)
            for service in self._services:
                for row in await database.fetch(service.schema, _UNPUBLISHED, service.name):
                    where = f"{service.name}, partition {row['partition']}"
                    found.append(f"{where}: published up to {row['published_seq']} of {row['last']}")
            timers = (await database.fetch(self._ledger.schema, _TIMERS))[0]["count"]
        return [*found, *([f"{timers} timers are set"] if timers else [])]

    async def _unread(self, database: Database) -> list[str]:
        found = []
        last: dict[str, Position] = {}
        async with _keys(self._redis_url) as client:
            for row in await database.fetch("nexus", _CHECKPOINTS):
                stream = row["stream"]
                if stream not in last:
                    last[stream] = await _last_entry(client, stream)
                if Position(row["ms"], row["seq"]) < last[stream]:
                    found.append(f"{row['service']} has read {stream} up to {row['ms']}-{row['seq']} of {last[stream]}")
        return found

    async def collect(self, name: str = "") -> Evidence:
        """Read what there is of accounts whose names begin with this, and of the outboxes what was not read before."""
        behind = await self.behind()
        streams = await self._streams()
        there = [envelope.id for envelopes in streams.values() for envelope in envelopes]
        ledger, services = self._ledger.schema, self._services
        async with self.database() as database:
            handled = {s.name: [Handled(*row) for row in await database.fetch(s.schema, _HANDLED, name)] for s in services[1:]}
            return Evidence(
                entries=[Entry(*row) for row in await database.fetch(ledger, _ENTRIES, name)],
                accounts=await database.states(ledger, "Account", name),
                tallies=await database.states("tally_ms", "AccountTally", name),
                handled=handled,
                audits=[(row["account"], row["number"]) for row in await database.fetch(ledger, _AUDITS, name)],
                outboxes={s.name: await self._outbox(database, s) for s in services},
                inboxes={s.name: await database.ids(s.schema, _INBOX, there) for s in services},
                parked={s.name: await database.ids(s.schema, _PARKED, s.name) for s in services},
                behind=behind,
                streams=streams,
            )

    async def _outbox(self, database: Database, service: Service) -> list[Sent]:
        found: list[Sent] = []
        for partition in range(service.topic.partitions):
            place = (service.name, partition)
            rows = await database.outbox(service.schema, partition, self._read.get(place, -1))
            if rows:
                self._read[place] = rows[-1].seq
            found += rows
        return found

    async def _streams(self) -> dict[StreamName, list[Envelope]]:
        found: dict[StreamName, list[Envelope]] = {}
        async with _keys(self._redis_url) as client:
            for name in _names([service.topic for service in self._services]):
                raw: Any = await client.xrange(PREFIX + name)
                found[name] = [decode_envelope(fields[b"e"]) for _, fields in raw]
        return found


def _names(topics: Sequence[Topic]) -> list[StreamName]:
    return [stream for topic in topics for stream in (*topic.streams("commands"), *topic.streams("events"))]


def _keys(url: str) -> "redis.Redis | redis.RedisCluster":
    """redis-py's own client: what the evidence is read with shares nothing with what is under test."""
    address = RedisAddress.parse(url)
    if address.kind == "cluster":
        host, port = address.endpoints[0]
        return redis.RedisCluster(host=host, port=port, password=urlsplit(address.url).password)
    return redis.Redis.from_url(url)


async def _last_entry(client: "redis.Redis | redis.RedisCluster", stream: str) -> Position:
    entries: Any = await client.xrevrange(PREFIX + stream, count=1)
    return Position.parse(entries[0][0].decode()) if entries else START
