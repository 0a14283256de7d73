"""Declaring messages."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from bus import Command, ContractError, Event, Instant, MalformedMessage, NewerRelease, Topic, UnknownMessage, new_id
from bus.codec import Contracts, decode_envelope, encode_envelope
from bus.envelope import seal
from bus.message import MessageMeta, snake_case
from tests.bus.instants import NOW

FLEET = Topic("fleet-service", partitions=4)


class VehicleMoved(Event, topic=FLEET, key="vehicle_id", batch="fixes", version=2):
    """A vehicle moved."""

    vehicle_id: UUID
    fixes: tuple[float, ...]
    speed_mps: float = 0.0

    @classmethod
    def upcast(cls, version: int, data: dict[str, Any]) -> dict[str, Any]:
        """Version 1 had one fix."""
        return {**data, "fixes": [data.pop("fix")]}


class Stop(Command[str], topic=FLEET, key="vehicle_id", scope="fleet:write"):
    """Stop a vehicle."""

    vehicle_id: UUID


VEHICLE = UUID("0198c0de-0000-7000-8000-000000000001")


def test_the_wire_type_is_derived() -> None:
    assert VehicleMoved.wire_type() == "nexus.fleet-service.vehicle_moved.v2"
    assert Stop.wire_type() == "nexus.fleet-service.stop.v1"
    assert snake_case("HTTPServerStarted2Times") == "http_server_started2_times"


def test_messages_know_their_channel_key_items_and_reply() -> None:
    moved = VehicleMoved(vehicle_id=VEHICLE, fixes=(1.0, 2.0))
    assert (moved.channel, moved.key_of(), moved.item_count()) == ("events", str(VEHICLE), 2)
    stop = Stop(vehicle_id=VEHICLE)
    assert (stop.channel, stop.scope, stop.item_count(), Stop.reply_type()) == ("commands", "fleet:write", 1, str)


def test_messages_are_values() -> None:
    assert Stop(vehicle_id=VEHICLE) == Stop(vehicle_id=VEHICLE)
    with pytest.raises(AttributeError):
        Stop(vehicle_id=VEHICLE).vehicle_id = VEHICLE  # type: ignore[misc]
    with pytest.raises(TypeError):
        Stop(VEHICLE)  # type: ignore[call-arg]


@pytest.mark.parametrize("options", [{"key": "nothing"}, {"key": "a", "batch": "nothing"}, {"key": "a", "version": 0}, {}])
def test_a_contract_that_cannot_work_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ContractError):
        MessageMeta("Broken", (Event,), {"__annotations__": {"a": str}}, topic=FLEET, **options)


def test_a_message_is_not_derived_from_another() -> None:
    with pytest.raises(ContractError, match="Derive it from"):
        MessageMeta("Halt", (Stop,), {"__annotations__": {"reason": str}}, topic=FLEET, key="vehicle_id")


def test_an_instant_without_a_time_zone_is_refused() -> None:
    assert msgspec.json.decode(b'"2026-01-01T00:00:00Z"', type=Instant).tzinfo is not None
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'"2026-01-01T00:00:00"', type=Instant)


@pytest.mark.parametrize("partitions", [0, 3, 12, 2048, -8])
def test_partitions_are_a_power_of_two(partitions: int) -> None:
    with pytest.raises(ContractError, match="power of two"):
        Topic("x", partitions)


def test_a_message_survives_its_envelope() -> None:
    moved = VehicleMoved(vehicle_id=VEHICLE, fixes=(1.0, 2.0))
    envelope = decode_envelope(encode_envelope(seal(moved, message_id=new_id(NOW), source="test", now=NOW)))
    assert Contracts([VehicleMoved]).decode(envelope) == moved
    assert (envelope.type, envelope.subject, envelope.time) == (VehicleMoved.wire_type(), str(VEHICLE), NOW)


def test_an_envelope_is_a_cloudevent() -> None:
    body = encode_envelope(seal(Stop(vehicle_id=VEHICLE), message_id=new_id(NOW), source="test", now=NOW))
    event = msgspec.json.decode(body)
    assert event["specversion"] == "1.0"
    assert {"id", "source", "type", "subject", "time", "data"} <= event.keys()
    assert all(name.islower() and name.isalnum() for name in event)


def test_what_a_message_causes_carries_on_who_and_where() -> None:
    cause = seal(Stop(vehicle_id=VEHICLE), message_id=new_id(NOW), source="test", now=NOW)
    cause = cause.replace(tenant="acme", principal="ann", scopes="fleet:write", traceparent="00-1-2-01", replyto="me")
    effect = seal(Stop(vehicle_id=VEHICLE), message_id=new_id(NOW), source="fleet", now=NOW, cause=cause)
    assert (effect.tenant, effect.principal, effect.scopes, effect.traceparent) == ("acme", "ann", "fleet:write", "00-1-2-01")
    assert (effect.correlationid, effect.causationid, effect.replyto) == (cause.id, cause.id, None)


def test_readers_are_tolerant_and_old_versions_are_upcast() -> None:
    contracts = Contracts([VehicleMoved])
    envelope = seal(VehicleMoved(vehicle_id=VEHICLE, fixes=()), message_id=new_id(NOW), source="test", now=NOW)
    newer = envelope.replace(data=msgspec.Raw(b'{"vehicle_id":"%s","fixes":[1],"unheard_of":true}' % str(VEHICLE).encode()))
    assert contracts.decode(newer) == VehicleMoved(vehicle_id=VEHICLE, fixes=(1.0,))
    old = envelope.replace(
        type="nexus.fleet-service.vehicle_moved.v1",
        data=msgspec.Raw(b'{"vehicle_id":"%s","fix":3}' % str(VEHICLE).encode()),
    )
    assert contracts.decode(old) == VehicleMoved(vehicle_id=VEHICLE, fixes=(3.0,))


def test_what_cannot_be_read_is_told_apart() -> None:
    contracts = Contracts([VehicleMoved])
    envelope = seal(VehicleMoved(vehicle_id=VEHICLE, fixes=()), message_id=new_id(NOW), source="test", now=NOW)
    with pytest.raises(NewerRelease):
        contracts.decode(envelope.replace(type="nexus.fleet-service.vehicle_moved.v3"))
    with pytest.raises(UnknownMessage):
        contracts.decode(envelope.replace(type="nonsense", dataschema=None))
    with pytest.raises(MalformedMessage):
        contracts.decode(envelope.replace(data=msgspec.Raw(b'{"vehicle_id":"x"}')))
    for body in (b"", b"{", b"[]", b'{"specversion":"1.0"}', b"\xff"):
        with pytest.raises(MalformedMessage):
            decode_envelope(body)


def test_two_classes_of_one_wire_type_are_refused() -> None:
    other: Any = MessageMeta("Stop", (Event,), {"__annotations__": {"a": str}}, topic=FLEET, key="a")
    with pytest.raises(ContractError, match="wire type"):
        Contracts([Stop, other])
