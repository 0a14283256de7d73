"""A desk at which messages of the fleet are handled: real handlers and a real schema, without the bus between them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import structlog

from bus import Command, Event, Message, new_id
from bus.codec import Contracts, decode_envelope
from bus.envelope import seal
from modules.puabo_nexus.fleet import contract
from modules.puabo_nexus.fleet.contract import (
    AssignDelivery,
    Delivery,
    Driver,
    Place,
    RegisterDriver,
    RegisterVehicle,
    RequestDelivery,
    Vehicle,
)
from modules.puabo_nexus.fleet.service import service
from nexus_actors.context import Context
from nexus_actors.identity import Identity
from nexus_actors.postgres.database import PostgresDatabase, PostgresTransaction
from nexus_actors.postgres.migration import MigrationSource
from nexus_actors.postgres.migrations import migrate
from nexus_actors.postgres.pool import open_pool

R = TypeVar("R")

SCHEMA = "fleet_service"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PICKUP = Place(name="Depot", lat=45.80, lon=15.97)
DROPOFF = Place(name="Shop", lat=45.85, lon=15.97)

EVENTS = Contracts(
    kind for kind in vars(contract).values() if isinstance(kind, type) and issubclass(kind, Event) and hasattr(kind, "wire")
)


class Desk:
    """Handles messages one by one, each in a transaction that is committed, or rolled back when the handler raises.

    Attributes:
        db: the read side.
        now: the instant of the next turn.
        published: the events of all turns that were committed, in order.
    """

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self.db = PostgresDatabase(pool)
        self.now = NOON
        self.tenant = "main"
        self.published: list[Message] = []

    def pass_time(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)

    async def ask(self, command: Command[R], tenant: str = "main", subject: str | None = "dispatcher") -> R:
        """What a command is answered with."""
        answer: R = await self._turn(command, tenant, subject)
        return answer

    async def hear(self, event: Event, tenant: str = "main") -> None:
        """Handle an event of another service."""
        assert await self._turn(event, tenant, None) is None

    def take(self) -> list[Message]:
        """The events published since this was last asked."""
        taken, self.published = self.published, []
        return taken

    def transaction(self) -> PostgresTransaction:
        """A transaction of another worker, for the test to end."""
        return PostgresTransaction(self._pool)

    async def is_anybody_waiting(self) -> bool:
        """Whether a transaction waits for another one."""
        waiting: bool = await self.db.fetchval(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
        )
        return waiting

    async def _turn(self, message: Message, tenant: str, subject: str | None) -> Any:
        (handler,) = service.handlers(type(message))
        envelope = seal(message, message_id=new_id(), source="test", now=self.now)
        envelope = envelope.replace(tenant=tenant, principal=subject)
        db = self.transaction()
        ctx = Context(
            service=service.name,
            identity=Identity(tenant, message.key_of()),
            envelope=envelope,
            now=self.now,
            db=db,
            log=structlog.get_logger(),
        )
        try:
            normal = message if handler.check is None else handler.check(message)
            answer = await getattr(handler.actor(message.key_of(), None), handler.name)(normal, ctx)
        except BaseException:
            await db.roll_back()
            raise
        await db.commit()
        self.published += [EVENTS.decode(decode_envelope(sent.body)) for sent in ctx.effects.outbound]
        return answer

    async def vehicle(self, plate: str = "ZG 1", *, device_id: str | None = None, tenant: str = "main") -> Vehicle:
        return await self.ask(RegisterVehicle(vehicle_id=new_id(), plate=plate, device_id=device_id), tenant)

    async def driver(self, name: str = "Ana", *, tenant: str = "main") -> Driver:
        return await self.ask(RegisterDriver(driver_id=new_id(), name=name), tenant)

    async def delivery(self, *, tenant: str = "main") -> Delivery:
        return await self.ask(RequestDelivery(delivery_id=new_id(), pickup=PICKUP, dropoff=DROPOFF), tenant)

    async def assign(self, delivery: Delivery, vehicle_id: UUID, driver_id: UUID, at: datetime | None = None) -> Delivery:
        return await self.ask(
            AssignDelivery(delivery_id=delivery.delivery_id, vehicle_id=vehicle_id, driver_id=driver_id, assigned_at=at)
        )


@asynccontextmanager
async def open_desk(database_url: str) -> AsyncIterator[Desk]:
    """A desk over an empty database."""
    connection = await asyncpg.connect(database_url)
    try:
        await migrate(connection, SCHEMA, [MigrationSource("service", service.migrations)])
    finally:
        await connection.close()
    async with open_pool(database_url, schema=SCHEMA, application_name="fleet tests", max_size=20) as pool:
        yield Desk(pool)
