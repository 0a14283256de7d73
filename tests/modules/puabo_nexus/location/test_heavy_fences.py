"""Judging by large fences is done beside the loop, so that others have their turn meanwhile."""

import threading
from collections.abc import Callable
from math import cos, pi, sin
from typing import Any
from uuid import uuid4

import pytest

from bus import Refusal
from modules.puabo_nexus.location.actors import geofences, live_vehicle, surroundings
from modules.puabo_nexus.location.contract import DeleteGeofence, GeofenceEntered, GeofenceExited, Polygon
from modules.puabo_nexus.location.domain import crossings, shapes
from modules.puabo_nexus.location.queries import geofences as queries
from nexus_actors.testing import Desk
from tests.modules.puabo_nexus.location.domain.drawing import closed
from tests.modules.puabo_nexus.location.journey import fence, fix, report, square

pytestmark = pytest.mark.anyio

VAN = uuid4()


def round_fence(corners: int) -> Polygon:
    turns = [2 * pi * step / corners for step in range(corners)]
    return Polygon((closed([(15 + 0.01 * cos(turn), 45 + 0.01 * sin(turn)) for turn in turns]),))


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The threads in which shapes were checked and read, and ways were followed."""
    seen: dict[str, int] = {}

    def noted(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            seen[name] = threading.get_ident()
            return work(*args)

        return run

    monkeypatch.setattr(geofences, "checked", noted("check", shapes.checked))
    monkeypatch.setattr(live_vehicle, "walk", noted("walk", crossings.walk))
    monkeypatch.setattr(surroundings, "regions_of", noted("read", shapes.regions_of))
    return seen


async def test_a_fence_of_many_corners_is_judged_by_in_another_thread(desk: Desk, threads: dict[str, int]) -> None:
    await desk.ask(fence(round_fence(900), "pond"))
    await report(desk, VAN, *(fix(number, 45.0, 15.0 + 0.02 * (number % 2)) for number in range(20)))
    assert len(desk.events(GeofenceEntered)) == len(desk.events(GeofenceExited)) == 10
    assert set(threads) == {"check", "walk", "read"}
    assert threading.get_ident() not in threads.values()


async def test_a_small_fence_is_not_worth_a_thread(desk: Desk, threads: dict[str, int]) -> None:
    await desk.ask(fence(square(15.0, 45.0, 15.01, 45.01), "depot"))
    await report(desk, VAN, fix(0, 45.005, 14.99), fix(30, 45.005, 15.005))
    assert len(desk.events(GeofenceEntered)) == 1
    assert set(threads.values()) == {threading.get_ident()}


async def test_a_tenant_that_has_all_its_fences_draws_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST_GEOFENCES", 2)
    first = await desk.ask(fence(square(15.0, 45.0, 15.01, 45.01), "one"))
    await desk.ask(fence(square(15.0, 45.0, 15.01, 45.01), "two"))
    with pytest.raises(Refusal) as refused:
        await desk.ask(fence(square(15.0, 45.0, 15.01, 45.01), "three"))
    assert (refused.value.kind, refused.value.code) == ("conflict", "too_many_geofences")
    await desk.ask(fence(square(15.0, 45.0, 15.01, 45.01), "of others"), tenant="others")
    await desk.ask(DeleteGeofence(geofence_id=first.geofence_id))
    await desk.ask(fence(square(15.0, 45.0, 15.01, 45.01), "three"))
