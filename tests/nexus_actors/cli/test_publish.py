"""Commands by hand: read strictly, before anything is sent."""

from typing import Any
from uuid import UUID

import pytest

from bus import Refusal
from modules.puabo_nexus.fleet.contract import RegisterVehicle
from nexus_actors.cli.publish import read_command
from nexus_actors.platform.loading import NotLoadable

ID = UUID("018f0000-0000-7000-8000-000000000001")
GOOD = f'{{"vehicle_id": "{ID}", "plate": "ZG 1"}}'.encode()


@pytest.mark.parametrize(
    "name",
    [
        "nexus.fleet-service.register_vehicle.v1",
        "nexus.fleet-service.register_vehicle",
        "fleet-service.register_vehicle",
        "RegisterVehicle",
    ],
)
def test_a_command_is_found_by_its_names(name: str) -> None:
    assert read_command(name, GOOD) == RegisterVehicle(vehicle_id=ID, plate="ZG 1")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", None),
        (b"[]", "$"),
        (b"{}", "$.vehicle_id"),
        (f'{{"vehicle_id": "{ID}", "plate": 5}}'.encode(), "$.plate"),
        (f'{{"vehicle_id": "{ID}", "plate": "ZG 1", "colour": "red"}}'.encode(), "$.colour"),
        (f'{{"vehicle_id": "{ID}", "plate": ""}}'.encode(), "$.plate"),
        (f'{{"vehicle_id": "{ID}", "plate": "a", "plate": "b"}}'.encode(), "$..plate"),
    ],
)
def test_bad_data_are_refused_with_the_field_at_fault(body: bytes, field: str | None) -> None:
    with pytest.raises(Refusal) as refused:
        read_command("RegisterVehicle", body)
    assert [error.field for error in refused.value.errors] == ([] if field is None else [field])


@pytest.mark.parametrize(
    ("name", "code"), [("VehicleRegistered", "not_a_command"), ("BootstrapAdministrator", "internal_command")]
)
def test_what_nobody_may_send_is_refused(name: str, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        read_command(name, b"{}")


def test_an_unknown_type_is_told_with_what_comes_near() -> None:
    with pytest.raises(NotLoadable, match=r"nexus\.fleet-service\.register_vehicle\.v1"):
        read_command("fleet-service.vehicle", GOOD)


def test_optional_fields_keep_their_defaults() -> None:
    read: Any = read_command("ChangeVehicle", f'{{"vehicle_id": "{ID}", "vin": null}}'.encode())
    assert read.vin is None
    assert read.plate is not None
