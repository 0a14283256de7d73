"""The messages of contracts, found without running the services."""

import msgspec
import pytest

from bus import Command
from modules.puabo_nexus.fleet.contract import FLEET, ChangeVehicle, RegisterVehicle
from modules.puabo_nexus.tracker.contract import RecordPositions
from nexus_actors.platform.contracts import find_message, messages_of, strict, topic_of
from nexus_actors.platform.loading import NotLoadable, load_catalogue

CATALOGUE = load_catalogue()


def test_a_service_has_the_messages_of_its_own_topic() -> None:
    kinds = messages_of(CATALOGUE.named("fleet-service"))
    assert RegisterVehicle in kinds
    assert {kind.topic for kind in kinds} == {FLEET}
    assert topic_of(CATALOGUE.named("fleet-service")) == FLEET


def test_what_is_not_built_has_none() -> None:
    absent = next(entry for entry in CATALOGUE.services if not entry.is_built)
    assert messages_of(absent) == []
    with pytest.raises(NotLoadable, match="not built"):
        topic_of(absent)


def test_every_message_is_found_by_its_wire_type() -> None:
    for entry in CATALOGUE.built():
        for kind in messages_of(entry):
            assert find_message(CATALOGUE, kind.wire_type()) is kind


@pytest.mark.parametrize(
    "name", ["nexus.fleet-service.register_vehicel.v1", "fleet-service.register_vehicel", "RegisterVehicel", "RegisterVehicle1"]
)
def test_of_a_message_that_is_none_the_nearest_are_told(name: str) -> None:
    with pytest.raises(NotLoadable, match=r"such as: nexus\.fleet-service\.register_vehicle\.v1"):
        find_message(CATALOGUE, name)


def test_a_part_of_a_name_tells_those_that_have_it() -> None:
    with pytest.raises(NotLoadable, match=r"such as: nexus\.fleet-service\.vehicle_registered\.v1\."):
        find_message(CATALOGUE, "vehicle_reg")


@pytest.mark.parametrize("kind", [RegisterVehicle, ChangeVehicle, RecordPositions])
def test_the_strict_form_has_the_same_fields_and_no_others(kind: type[Command[object]]) -> None:
    known = {field.name: (field.required, field.type) for field in msgspec.structs.fields(kind)}
    assert {f.name: (f.required, f.type) for f in msgspec.structs.fields(strict(kind))} == known
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({"nonsense": 1}, strict(kind))
