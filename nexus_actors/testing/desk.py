"""One service with its real schema: real handlers, rows in PostgreSQL, all else in memory. No server of streams, no HTTP."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, TypeVar

import anyio

from bus import Command, Event, HandlerFailed, Message, Refusal, new_id
from bus.codec import Contracts
from nexus_actors.database import Reader
from nexus_actors.memory import MemoryTurnStore
from nexus_actors.memory.turn_store import MemoryTurnTransaction
from nexus_actors.postgres.database import PostgresDatabase, PostgresTransaction, open_transaction
from nexus_actors.postgres.pool import open_pool
from nexus_actors.retry import RetryPolicy
from nexus_actors.runtime.assembly import LoopSettings
from nexus_actors.runtime.store import Commit
from nexus_actors.service import Service
from nexus_actors.testing.memory_service import ONCE, MemoryService, MemoryWorld
from nexus_actors.worker.host import migrate_platform, migrate_service

R = TypeVar("R")

_WORKERS: Final = 20
_AGAIN: Final = LoopSettings(retry=RetryPolicy(base_s=0, max_s=0))


class _RowsTransaction(MemoryTurnTransaction):
    """A transaction of turns whose rows are in PostgreSQL, and all else in memory."""

    def __init__(self, service: str, world: MemoryWorld, rows: PostgresTransaction) -> None:
        super().__init__(service, world.database)
        self.db: Any = rows

    async def commit(self, commit: Commit) -> None:
        await self.db.commit()
        await super().commit(commit)


class _RowsStore(MemoryTurnStore):
    def __init__(self, service: str, world: MemoryWorld, pool: Any) -> None:  # noqa: ANN401 - a pool of asyncpg
        super().__init__(service, world.database)
        self._name, self._world, self._pool = service, world, pool

    @asynccontextmanager
    async def transaction(self, *, own: bool = False) -> AsyncIterator[MemoryTurnTransaction]:
        del own
        async with open_transaction(self._pool) as rows:
            yield _RowsTransaction(self._name, self._world, rows)


class Desk(MemoryService):
    """A service in memory whose rows are in PostgreSQL. Whatever it is asked, it is asked by one tenant that nobody else is.

    Attributes:
        db: reads its schema.
        tenant: who asks, unless a test says otherwise.
    """

    db: Reader

    def __init__(
        self,
        service: Service,
        world: MemoryWorld,
        pool: Any,  # noqa: ANN401 - a pool of asyncpg
        settings: LoopSettings = ONCE,
    ) -> None:
        super().__init__(service, world, settings, _RowsStore(service.name, world, pool))
        self.db = PostgresDatabase(pool)
        self._pool = pool
        self._letters = self.database.service(service.name).letters
        self._known = set(self._letters)
        self.fresh()

    def fresh(self) -> "Desk":
        """The same desk for a tenant that has nothing yet: for the next test."""
        self.tenant, self._taken = f"tenant-{new_id().hex}", len(self._streams.envelopes)
        return self

    async def ask(self, command: Command[R], *, tenant: str = "", **envelope: Any) -> R:  # noqa: ANN401 - see the parent
        """Ask a command; raises `Refusal` as the service does."""
        return await super().ask(command, tenant=tenant or self.tenant, **envelope)

    async def publish(self, event: Event, *, tenant: str = "", **envelope: object) -> None:
        """Publish an event of a service, and have it handled."""
        await super().publish(event, tenant=tenant or self.tenant, **envelope)
        await self.settle()

    async def settle(self) -> None:
        """Handle everything that there is to handle at this instant.

        Raises:
            HandlerFailed: a handler failed, and the message is parked. What it says is the cause.
        """
        await super().settle()
        new = [letter.row for message_id, letter in self._letters.items() if message_id not in self._known]
        self._known |= self._letters.keys()
        if new:
            raise HandlerFailed(new[0].error)

    async def at_once(self, *commands: Command[R]) -> list[R | Refusal]:
        """Ask commands all at the same time, each of a worker of its own: what each was answered with, or its refusal.

        No two are of one key, for a key has one worker. Like every worker, these repeat what another one's commit makes fail.
        """
        workers = [Desk(self._service, MemoryWorld(self.clock), self._pool, _AGAIN) for _ in commands]
        answers: list[Any] = [None] * len(commands)

        async def ask(number: int) -> None:
            try:
                answers[number] = await workers[number].ask(commands[number], tenant=self.tenant)
            except Refusal as refusal:
                answers[number] = refusal

        for worker in workers:
            await worker.start()
        async with AsyncExitStack() as connections:  # open them now: whoever had to wait for one would come too late
            for _ in commands:
                await connections.enter_async_context(self._pool.acquire())
        async with anyio.create_task_group() as tasks:
            for number in range(len(commands)):
                tasks.start_soon(ask, number)
        for worker in workers:
            await worker.stop()
            self._streams.envelopes += worker._streams.envelopes
        return answers

    async def refusal_of(self, command: Command[Any], *, tenant: str = "") -> Refusal:
        """The refusal of a command, which has published nothing."""
        before = len(self._streams.envelopes)
        try:
            answer = await self.ask(command, tenant=tenant)
        except Refusal as refusal:
            # What was asked is in the streams itself.
            assert len(self._streams.envelopes) == before + 1, "It was refused, and has published something."  # noqa: S101
            return refusal
        raise AssertionError(f"{type(command).__name__} was answered with {answer!r}, not refused.")

    def take(self) -> list[Message]:
        """The events of the service that were published since this was last asked, in order."""
        new, self._taken = self._streams.envelopes[self._taken :], len(self._streams.envelopes)
        contracts = Contracts(kind for kind in _events(Event) if kind.topic == self._service.topic)
        return [contracts.decode(envelope) for envelope in new if contracts.find(envelope.type) and not envelope.forwarded]

    def transaction(self) -> PostgresTransaction:
        """A transaction of another worker, for the test to end."""
        return PostgresTransaction(self._pool)


def _events(kind: type[Event]) -> list[type[Event]]:
    """Every event type that is known here."""
    found = [inner for child in kind.__subclasses__() for inner in _events(child)]
    return [kind, *found] if hasattr(kind, "wire") else found


async def migrated(service: Service, database_url: str) -> str:
    """Bring a database to what this release of a service needs, as a worker does. Desks may share it: tenants do not meet."""
    async with open_pool(database_url, schema=service.schema, application_name="desk") as pool:
        await migrate_platform(pool)
        await migrate_service(pool, service)
    return database_url


@asynccontextmanager
async def open_desk(service: Service, database_url: str) -> AsyncIterator[Desk]:
    """Run a service over a schema that was `migrated`."""
    async with open_pool(database_url, schema=service.schema, application_name="desk", max_size=_WORKERS) as pool:
        desk = Desk(service, MemoryWorld(), pool)
        await desk.start()
        yield desk
        await desk.stop()
