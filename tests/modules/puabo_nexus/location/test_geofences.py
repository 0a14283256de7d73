"""Geofences as commands ask for them, which may come in without the HTTP face of the service."""

import pytest
from msgspec.structs import replace

from bus import Command, new_id
from modules.puabo_nexus.location.contract import (
    ChangeGeofence,
    Circle,
    CreateGeofence,
    DeleteGeofence,
    Geofence,
    GeofenceChanged,
    GeofenceCreated,
    GeofenceDeleted,
    MultiPolygon,
)
from modules.puabo_nexus.location.tables import GEOFENCES
from nexus_actors.testing import Desk
from tests.modules.puabo_nexus.location.journey import fence, square

pytestmark = pytest.mark.anyio

CIRCLE = Circle(0.0, 0.0, 10.0)


async def test_a_geofence_is_kept_as_it_was_last_asked_for(desk: Desk) -> None:
    made = await desk.ask(fence(CIRCLE, "  first\n"))
    number, drawn_at = made.geofence_id, desk.clock()
    assert made == Geofence(geofence_id=number, name="first", shape=CIRCLE, version=1, created_at=drawn_at, changed_at=drawn_at)
    assert desk.take() == [GeofenceCreated(geofence_id=number, geofence_version=1, name="first", shape=CIRCLE)]

    await desk.advance(60)
    shape = square(0, 0, 1, 1)
    changed = await desk.ask(ChangeGeofence(geofence_id=number, name=" second", shape=shape, expected_version=1))
    assert changed == replace(made, name="second", shape=shape, version=2, changed_at=desk.clock())
    assert await GEOFENCES.page(desk, {}, limit=9) == [changed]
    assert desk.take() == [GeofenceChanged(geofence_id=number, geofence_version=2, name="second", shape=shape)]
    await desk.advance(60)
    assert await desk.ask(ChangeGeofence(geofence_id=number, name="second ", shape=shape)) == changed
    assert desk.take() == []

    assert await desk.ask(DeleteGeofence(geofence_id=number, expected_version=2)) == changed
    assert await GEOFENCES.page(desk, {}, limit=9) == []
    assert desk.take() == [GeofenceDeleted(geofence_id=number, geofence_version=2)]


async def test_what_cannot_be_is_refused(desk: Desk) -> None:
    made = await desk.ask(fence(CIRCLE))
    number, bow_tie = made.geofence_id, (((0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 2.0), (0.0, 0.0)),)
    refused: list[tuple[Command[Geofence], str]] = [
        (fence(MultiPolygon((bow_tie,))), "self_intersection"),
        (fence(CIRCLE, "Yard\x1b[2J"), "invalid_geofence"),
        (CreateGeofence(geofence_id=number, name="second", shape=CIRCLE), "geofence_exists"),
        (ChangeGeofence(geofence_id=number, name="second", shape=MultiPolygon((bow_tie,))), "self_intersection"),
        (ChangeGeofence(geofence_id=number, name=" ", shape=CIRCLE), "invalid_geofence"),
        (ChangeGeofence(geofence_id=number, name="second", shape=CIRCLE, expected_version=7), "version_mismatch"),
        (DeleteGeofence(geofence_id=number, expected_version=7), "version_mismatch"),
        (ChangeGeofence(geofence_id=new_id(), name="second", shape=CIRCLE), "geofence_not_found"),
        (DeleteGeofence(geofence_id=new_id()), "geofence_not_found"),
    ]
    for command, code in refused:
        assert (await desk.refusal_of(command)).code == code
    assert await GEOFENCES.page(desk, {}, limit=9) == [made]
