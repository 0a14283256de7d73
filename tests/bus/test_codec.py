"""Reading what lies in a stream: whatever it is, it is read or said to be malformed."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus import Command, ContractError, Event, MalformedMessage, NewerRelease, Topic, UnknownMessage, new_id
from bus.codec import Contracts, decode_envelope, encode_envelope
from bus.envelope import LONGEST_KEY, Envelope, seal

SHELF = Topic("shelf-ms", partitions=4)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Put(Command[None], topic=SHELF, key="shelf", version=3):
    """Put something on a shelf. Before version 3 the weight was in grams, before version 2 it had no unit in its name."""

    shelf: str
    weight_kg: float

    @classmethod
    def upcast(cls, version: int, data: dict[str, Any]) -> dict[str, Any]:
        if version == 1:
            return {"shelf": data["shelf"], "weight_g": data["weight"]}
        return {"shelf": data["shelf"], "weight_kg": data["weight_g"] / 1_000}


class Fell(Event, topic=SHELF, key="shelf"):
    """Something fell off."""

    shelf: str


CONTRACTS = Contracts([Put, Fell])
SOUND = json.loads(encode_envelope(seal(Put(shelf="a", weight_kg=1), message_id=new_id(), source="test", now=NOW)))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def read(body: bytes) -> object:
    return CONTRACTS.decode(decode_envelope(body))


def old(version: int, **data: object) -> Envelope:
    changed = {**SOUND, "type": f"nexus.shelf-ms.put.v{version}", "data": data}
    return decode_envelope(json.dumps(changed).encode())


@given(st.binary())
def test_any_bytes_are_malformed(body: bytes) -> None:
    with pytest.raises(MalformedMessage, match="not a CloudEvent"):
        read(body)


@given(st.sampled_from(sorted(SOUND)), JSON)
def test_any_value_of_any_attribute_is_read_or_told_to_be_wrong(attribute: str, value: object) -> None:
    with suppress(MalformedMessage, NewerRelease, UnknownMessage):
        assert isinstance(read(json.dumps({**SOUND, attribute: value}).encode()), Put)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_what_is_nested_too_deeply_is_malformed(opening: str, closing: str) -> None:
    deep = opening * 200_000 + "1" + closing * 200_000
    sound = json.dumps({**SOUND, "data": None})
    for body in (deep, sound.replace("null", deep, 1)):
        with pytest.raises(MalformedMessage):
            read(body.encode())


@pytest.mark.parametrize("key", ["", "a\0b", "k" * (LONGEST_KEY + 1)])
def test_a_key_that_cannot_be_kept_is_neither_written_nor_read(key: str) -> None:
    with pytest.raises(ContractError, match="The key of nexus"):
        seal(Fell(shelf=key), message_id=new_id(), source="test", now=NOW)
    with pytest.raises(MalformedMessage, match="subject"):
        read(json.dumps({**SOUND, "subject": key}).encode())


def test_a_type_that_cannot_be_kept_is_malformed() -> None:
    with pytest.raises(MalformedMessage, match="NUL"):
        read(json.dumps({**SOUND, "type": "a\0b"}).encode())


def test_older_versions_are_upcast_step_by_step() -> None:
    assert CONTRACTS.decode(old(2, shelf="a", weight_g=500)) == Put(shelf="a", weight_kg=0.5)
    assert CONTRACTS.decode(old(1, shelf="a", weight=500)) == Put(shelf="a", weight_kg=0.5)


@pytest.mark.parametrize("data", [{}, {"shelf": "a"}, {"shelf": "a", "weight": "heavy"}, {"shelf": "a", "weight": None}])
def test_an_upcast_that_fails_makes_the_message_malformed(data: dict[str, object]) -> None:
    with pytest.raises(MalformedMessage, match="cannot be"):
        CONTRACTS.decode(old(1, **data))


FOREIGN = ["nexus.shelf-ms.put.vx", "nexus.shelf-ms.put.v\u00b2", f"nexus.shelf-ms.put.v{'9' * 5_000}", "put", ".v1"]


@pytest.mark.parametrize(
    "name", FOREIGN, ids=["no version", "a version in other digits", "a long version", "a word", "no name"]
)
def test_a_foreign_type_without_a_mark_is_unknown(name: str) -> None:
    with pytest.raises(UnknownMessage):
        read(json.dumps({**SOUND, "type": name, "dataschema": None}).encode())


def test_a_newer_version_and_a_type_with_the_mark_of_a_writer_are_of_a_newer_release() -> None:
    for changes in ({"type": "nexus.shelf-ms.put.v4", "dataschema": None}, {"type": "nexus.shelf-ms.lift.v1"}):
        with pytest.raises(NewerRelease, match="no contract of this release"):
            read(json.dumps({**SOUND, **changes}).encode())


def test_data_that_cannot_be_read_is_of_a_newer_release_where_the_mark_is_another() -> None:
    broken = {**SOUND, "data": {"shelf": "a", "weight_kg": "heavy"}}
    with pytest.raises(NewerRelease, match="another schema"):
        read(json.dumps({**broken, "dataschema": "nexus:00000000"}).encode())
    for mark in (SOUND["dataschema"], None):
        with pytest.raises(MalformedMessage):
            read(json.dumps({**broken, "dataschema": mark}).encode())
    assert read(json.dumps({**SOUND, "dataschema": "nexus:00000000"}).encode()) == Put(shelf="a", weight_kg=1)
