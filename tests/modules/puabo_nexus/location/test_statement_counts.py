"""What a turn costs in statements: counted, so that it cannot grow unnoticed, and explained, so that indexes serve it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from bus.envelope import seal
from modules.geography.box import around
from modules.puabo_nexus.location.actors.live_vehicle import LiveVehicle, LiveVehicleState
from modules.puabo_nexus.location.actors.surroundings import _MOVE_AND_LOOK
from modules.puabo_nexus.location.contract import Circle
from modules.puabo_nexus.location.domain.cells import cell_of, cells_in
from modules.puabo_nexus.location.queries.geofences import edges_of
from modules.puabo_nexus.location.queries.positions import _IN_CELLS
from modules.puabo_nexus.location.service import service
from modules.puabo_nexus.tracker.contract import PositionsRecorded
from nexus_actors import Context
from nexus_actors.database import Row
from nexus_actors.identity import Identity
from tests.modules.puabo_nexus.location.journey import START, fix

pytestmark = pytest.mark.anyio


class CountingTransaction:
    """A transaction over no database: it knows some fences, and counts what it is asked."""

    def __init__(self, fences: Sequence[dict[str, Any]]) -> None:
        self._fences = fences
        self.statements = 0
        self._filled: set[str] = set()

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        raise AssertionError("Not expected.")

    def insert(self, table: str, /, **row: object) -> None:
        del row
        self.statements += table not in self._filled
        self._filled.add(table)

    @property
    def writes(self) -> int:
        return self.statements

    async def fetch(self, query: str, *args: object) -> Sequence[Row]:
        del query, args
        self.statements += 1
        return cast("Sequence[Row]", self._fences)

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        raise AssertionError(f"Not expected: {query}, {args}")

    async def fetchval(self, query: str, *args: object) -> object:
        raise AssertionError(f"Not expected: {query}, {args}")

    async def execute(self, query: str, *args: object) -> str:
        del query, args
        self.statements += 1
        return "INSERT 0 1"

    async def executemany(self, query: str, args: object) -> None:
        raise AssertionError(f"Not expected: {query}, {args}")


async def cost_of(fixes: int, fences: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """Statements and messages of a turn in which a vehicle drives east along 45 N, a hundred metres a fix."""
    van = uuid4()
    messages = [
        PositionsRecorded(vehicle_id=van, fixes=tuple(fix(n + m, 45.0, 15.0 + (n + m) / 790) for m in range(8)))
        for n in range(0, fixes, 8)
    ]
    db = CountingTransaction(fences)
    envelope = seal(messages[0], message_id=uuid4(), source="tracker-ms", now=START).replace(tenant="main")
    ctx = Context(service=service.name, identity=Identity("main", str(van)), envelope=envelope, now=START, db=db, log=None)
    await LiveVehicle(str(van), LiveVehicleState()).moved(messages, ctx)
    return db.statements, len(ctx.effects.outbound)


def fences_at(*lons: float) -> list[dict[str, Any]]:
    return [
        {"geofence_id": UUID(int=n), "version": 1, "name": "f", "shape": msgspec.json.encode(Circle(45.0, lon, 30.0))}
        for n, lon in enumerate(lons, start=1)
    ]


@pytest.mark.parametrize("fixes", [8, 512])
async def test_a_turn_without_crossings_costs_one_statement(fixes: int) -> None:
    assert await cost_of(fixes, []) == (1, 0)
    assert await cost_of(fixes, fences_at(14.0, 14.5)) == (1, 0)


async def test_a_turn_with_crossings_costs_three_statements_at_most() -> None:
    passed = [15.0 + step / 100 for step in range(1, 60)]
    assert await cost_of(512, fences_at(*passed)) == (2, 118)
    end = 15.0 + 511 / 790
    assert await cost_of(512, fences_at(*passed, end)) == (3, 119)


@pytest.fixture(scope="module")
async def connection(module_database_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A schema with some thousand fences and vehicles of two tenants."""
    opened = await asyncpg.connect(module_database_url)
    assert service.migrations is not None
    for migration in sorted(service.migrations.glob("*.sql")):
        await opened.execute(migration.read_text())
    boxes = [around(45 + n % 100 / 50, 15 + n // 100 / 50, 200.0) for n in range(5_000)]
    await opened.executemany(
        "INSERT INTO geofences (tenant, geofence_id, name, shape, area, created_at, changed_at) "
        "VALUES ($1, $2, 'f', '{}', box(point($3, $4), point($5, $6)), $7, $7)",
        [(f"tenant-{n % 2}", uuid4(), *box, START) for n, box in enumerate(boxes)],
    )
    await opened.executemany(
        "INSERT INTO live_positions (tenant, vehicle_id, fix_at, received_at, lat, lon, cell) "
        "VALUES ($1, $2, $3, $3, $4, $5, $6)",
        [
            (f"tenant-{n % 2}", uuid4(), START + timedelta(seconds=n), lat, lon, cell_of(lat, lon))
            for n in range(5_000)
            for lat, lon in [(45 + n % 100 / 50, 15 + n // 100 / 50)]
        ],
    )
    await opened.execute("ANALYZE")
    yield opened
    await opened.close()


async def plan_of(connection: "asyncpg.Connection[Any]", query: str, *args: object) -> str:
    rows = await connection.fetch(f"EXPLAIN {query}", *args)
    return "\n".join(row[0] for row in rows)


async def test_fences_near_a_path_are_found_by_their_bounds(connection: "asyncpg.Connection[Any]") -> None:
    path = edges_of([around(45.5, 15.5, 300.0)])
    args = ("tenant-0", uuid4(), START, START, 45.5, 15.5, None, None, None, None, 1, [uuid4()], *path)
    plan = await plan_of(connection, _MOVE_AND_LOOK, *args)
    assert "geofences_by_area" in plan
    assert "Seq Scan on geofences" not in plan


async def test_vehicles_near_a_point_are_found_by_their_cells(connection: "asyncpg.Connection[Any]") -> None:
    cells = cells_in(around(45.5, 15.5, 20_000.0))
    plan = await plan_of(connection, _IN_CELLS, "tenant-0", [low for low, _ in cells], [high for _, high in cells], None, 100)
    assert "live_positions_by_cell" in plan
    assert "Seq Scan" not in plan


async def test_a_vehicle_that_stays_in_its_cell_is_updated_in_place(connection: "asyncpg.Connection[Any]") -> None:
    """HOT updates touch no index."""
    move = "UPDATE live_positions SET lat = lat + 0.00001, fix_at = fix_at + interval '1 s' WHERE tenant = 'tenant-0'"
    await connection.execute(f"{move} AND cell % 7 = 0")
    await connection.execute("SELECT pg_stat_force_next_flush()")
    row = await connection.fetchrow("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'live_positions'")
    assert row is not None
    assert row["n_tup_upd"] > 100
    assert row["n_tup_hot_upd"] > 0.9 * row["n_tup_upd"]
