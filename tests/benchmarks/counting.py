"""Counting what reaches the servers: Redis commands and SQL statements."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final

import asyncpg
import pytest
from redis import Redis

# What the counting itself asks, and what setting up a connection takes.
_BESIDES: Final = {
    "auth",
    "client|setinfo",
    "client|setname",
    "config|resetstat",
    "hello",
    "info",
    "ping",
    "select",
    "xinfo|stream",
}
_TARGET: Final = re.compile(r'\b(?:FROM|INTO|UPDATE|TABLE)\s+(?:ONLY\s+)?"?([a-z_.]+)', re.IGNORECASE)
_FUNCTION: Final = re.compile(r"^SELECT\s+([a-z_]+)\(", re.IGNORECASE)


def label(statement: str) -> str:
    """What a statement does, in a word or two: ``INSERT fixes``, ``SELECT commit_turns()``, ``COMMIT``."""
    text = " ".join(statement.split())
    verb = text.split(" ", 1)[0].upper()
    called = _FUNCTION.match(text)
    if called is not None:
        return f"{verb} {called[1]}()"
    target = _TARGET.search(text)
    return verb if target is None else f"{verb} {target[1]}"


class RedisCounter:
    """Counts the commands that a server carries out, those that scripts call among them."""

    def __init__(self, url: str) -> None:
        self._client = Redis.from_url(url, decode_responses=True)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def seen(self) -> Counter[str]:
        """How often each command has been carried out since the server's statistics began."""
        stats = self._client.info("commandstats")
        named = {name.removeprefix("cmdstat_"): figures["calls"] for name, figures in stats.items()}
        return Counter({name: calls for name, calls in named.items() if name not in _BESIDES})


class SqlCounter:
    """Counts the statements that leave through the pools that are opened while it watches."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Look at every connection that a pool opens from now on."""
        create = asyncpg.create_pool

        def watched(*args: Any, init: Callable[[Any], Awaitable[None]], **options: Any) -> Any:
            async def prepare(connection: Any) -> None:
                await init(connection)
                connection.add_query_logger(self._note)

            return create(*args, init=prepare, **options)

        monkeypatch.setattr(asyncpg, "create_pool", watched)
        self._watch_copies(monkeypatch)

    def _watch_copies(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """COPY goes past the loggers of a connection."""
        copy = asyncpg.Connection.copy_records_to_table

        async def counted(connection: Any, table: str, **options: Any) -> str:
            self._seen[f"COPY {table}"] += 1
            return str(await copy(connection, table, **options))

        monkeypatch.setattr(asyncpg.Connection, "copy_records_to_table", counted)

    def _note(self, query: Any) -> None:
        self._seen[label(query.query)] += 1

    def seen(self) -> Counter[str]:
        """How often each statement has been sent."""
        return Counter(self._seen)
