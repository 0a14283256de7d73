"""Which changes of contracts break what was written before."""

from datetime import UTC, datetime
from types import new_class
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta, Struct, defstruct

from bus import Command, Event, Message, Topic
from bus.codec import Contracts
from bus.envelope import Envelope, seal
from nexus_actors.compatibility.changes import HOW_TO_PROCEED, breaking_changes, changes
from nexus_actors.compatibility.snapshot import Snapshot, make_snapshot
from nexus_actors.jobs.job import Job

ID = UUID("01900000-0000-7000-8000-000000000001")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
DEPOT = Topic("depot-ms", partitions=4)
PACKED = "nexus.depot-ms.crate_packed.v1"


class CratePacked(Event, topic=DEPOT, key="crate_id"):
    crate_id: str
    weight_g: int
    batch_id: str = ""


class Crate(Struct):
    crate_id: str
    weight_g: int


class Label(Struct):
    crate_id: str


class PackCrate(Command[Crate], topic=DEPOT, key="crate_id"):
    crate_id: str


class CrateState(Struct):
    weight_g: int = 0


def snapshot(*kinds: type[Message], states: Any = None, formats: Any = None) -> Snapshot:
    return make_snapshot(kinds, states or {}, formats or {})


def message(name: str, fields: list[Any], base: Any = Event, more: Any = None, **contract: Any) -> Any:
    """A message with these fields (name, type and, for some, a default) and whatever its contract says."""

    def fill(namespace: dict[str, Any]) -> None:
        namespace["__module__"] = __name__
        namespace["__annotations__"] = {field[0]: field[1] for field in fields}
        namespace.update({field[0]: field[2] for field in fields if len(field) > 2}, **(more or {}))

    return new_class(name, (base,), {"topic": DEPOT, "key": "crate_id", **contract}, fill)


KEY, WEIGHT = ("crate_id", str), ("weight_g", int)
FIELDS = [KEY, WEIGHT, ("batch_id", str, "")]


def changed(fields: list[Any] = FIELDS, **contract: Any) -> list[str]:
    """What breaks when CratePacked gets these fields or this contract."""
    return breaking_changes(snapshot(CratePacked), snapshot(message("CratePacked", fields, **contract)))


def test_the_same_contracts_break_nothing() -> None:
    kinds = snapshot(CratePacked, PackCrate, states={"depot-ms.CrateActor": CrateState}, formats={"envelope": Envelope})
    assert breaking_changes(kinds, kinds) == []
    assert changed() == []


def test_additions_break_nothing() -> None:
    old = snapshot(CratePacked)
    assert breaking_changes(old, snapshot(CratePacked, PackCrate, states={"depot-ms.CrateActor": CrateState})) == []
    assert changed([*FIELDS, ("note", str | None, None)]) == []
    assert changed([KEY, ("weight_g", float), ("batch_id", str | None, "")]) == []


@pytest.mark.parametrize(
    ("fields", "contract", "words"),
    [
        ([KEY, ("batch_id", str, "")], {}, "weight_g: is gone, or has another name"),
        ([KEY, ("weight_kg", int, 0), ("batch_id", str, "")], {}, "weight_g: is gone, or has another name"),
        ([*FIELDS, ("note", str)], {}, "note: is new and cannot be left out"),
        ([KEY, WEIGHT, ("batch_id", str)], {}, "batch_id: can no longer be left out"),
        ([KEY, WEIGHT, ("batch_id", str, "x")], {}, "batch_id: means 'x' where it is left out, and meant ''"),
        ([KEY, ("weight_g", str), ("batch_id", str, "")], {}, "weight_g: no longer takes every integer"),
        (FIELDS, {"key": "batch_id"}, "its key is batch_id, was crate_id"),
        (FIELDS, {"batch": "weight_g"}, "its batch is weight_g, was None"),
        (FIELDS, {"base": Command[None]}, "its channel is commands, was events"),
    ],
)  # fmt: skip
def test_what_breaks_a_message_is_told(fields: list[Any], contract: dict[str, Any], words: str) -> None:
    assert changed(fields, **contract) == [f"{PACKED}: {words}"]


def test_another_number_of_partitions_breaks_the_topic() -> None:
    assert changed(topic=Topic("depot-ms", partitions=8)) == ["topic depot-ms: has 8 partitions, had 4"]


def test_a_message_that_is_gone_or_belongs_to_another_topic_is_told() -> None:
    gone = [f"{PACKED}: is gone, or has another name"]
    assert breaking_changes(snapshot(CratePacked), snapshot()) == gone
    assert changed(topic=Topic("store-ms", partitions=4)) == gone
    renamed = message("CrateFilled", FIELDS)
    assert breaking_changes(snapshot(CratePacked), snapshot(renamed)) == gone


@classmethod  # type: ignore[misc]
def upcast(cls: Any, version: int, data: dict[str, Any]) -> dict[str, Any]:
    return {"crate_id": data["crate_id"], "weight_kg": data["weight_g"] / 1000}


NEXT = [KEY, ("weight_kg", float)]


def test_a_raised_version_with_an_upcast_breaks_nothing_and_reads_the_old_one() -> None:
    newer = message("CratePacked", NEXT, version=2, more={"upcast": upcast})
    assert breaking_changes(snapshot(CratePacked), snapshot(newer)) == []
    old = seal(CratePacked(crate_id="c1", weight_g=1500), message_id=ID, source="test", now=NOW)
    assert Contracts([newer]).decode(old) == newer(crate_id="c1", weight_kg=1.5)


def test_a_raised_version_without_an_upcast_is_told() -> None:
    (line,) = changed(NEXT, version=2)
    assert line == f"{PACKED}: nexus.depot-ms.crate_packed.v2 is in its place and cannot read it: it has no upcast()"


def test_a_lowered_version_is_told() -> None:
    newer = message("CratePacked", NEXT, version=2)
    (line,) = breaking_changes(snapshot(newer), snapshot(CratePacked))
    assert line == "nexus.depot-ms.crate_packed.v2: is gone, or has another name"


def test_an_upcast_that_is_gone_is_told() -> None:
    reader = message("CratePacked", NEXT, version=2, more={"upcast": upcast})
    (line,) = breaking_changes(snapshot(reader), snapshot(message("CratePacked", NEXT, version=2)))
    assert line == "nexus.depot-ms.crate_packed.v2: no longer reads its older versions: its upcast() is gone"


def test_two_versions_side_by_side_break_nothing() -> None:
    newer = message("CratePacked", NEXT, version=2, more={"__module__": "another"})
    assert breaking_changes(snapshot(CratePacked), snapshot(CratePacked, newer)) == []


def test_an_answer_is_part_of_its_command() -> None:
    again = message("PackCrate", [KEY], base=Command[Label])
    found = breaking_changes(snapshot(PackCrate), snapshot(again))
    assert found == ["nexus.depot-ms.pack_crate.v1: in its answer, reply.weight_g: is gone, or has another name"]
    silent = message("PackCrate", [KEY], base=Command[None])
    assert breaking_changes(snapshot(PackCrate), snapshot(silent)) == [
        "nexus.depot-ms.pack_crate.v1: in its answer, reply: no longer takes an object"
    ]


def test_states_and_formats_are_kept_too() -> None:
    old = snapshot(states={"depot-ms.CrateActor": CrateState}, formats={"envelope": Envelope})
    assert breaking_changes(old, snapshot()) == [
        "state depot-ms.CrateActor: is gone, or has another name",
        "format envelope: is gone, or has another name",
    ]
    heavier = defstruct("CrateState", [("weight_g", str, "")])
    found = breaking_changes(old, snapshot(states={"depot-ms.CrateActor": heavier}, formats={"envelope": Envelope}))
    assert found == [
        "state depot-ms.CrateActor: weight_g: no longer takes every integer",
        "state depot-ms.CrateActor: weight_g: means '' where it is left out, and meant 0",
    ]


def test_the_advice_names_the_ways_out() -> None:
    assert "upcast()" in HOW_TO_PROCEED
    assert "--accept-schemas" in HOW_TO_PROCEED


def test_words_for_people_are_no_part_of_a_contract() -> None:
    class Described(Struct):
        """Before."""

        title: str
        description: str = ""

    before = snapshot(states={"a.B": Described})
    Described.__doc__ = "After."
    assert snapshot(states={"a.B": Described}) == before
    assert set(before.schemas["Described"]["properties"]) == {"title", "description"}, "fields of these names stay"
    assert msgspec.json.decode(msgspec.json.encode(before), type=Snapshot) == before


LIMITED = Annotated[int, Meta(ge=0, le=10)]
WIDER = Annotated[int, Meta(ge=-5, le=20)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([KEY], [KEY, ("note", str, "")], ["one step: note: is new"]),
        ([KEY, ("colour", Literal["red"])], [KEY, ("colour", Literal["red", "blue"])], ["two steps: colour: takes 'blue' now"]),
        ([KEY, WEIGHT], [KEY, ("weight_g", int | None)], ["two steps: weight_g: takes null now"]),
        ([KEY, WEIGHT], [KEY, ("weight_g", int, 0)], ["two steps: weight_g: may be left out now"]),
        (
            [KEY, ("weight_g", LIMITED)],
            [KEY, ("weight_g", WIDER)],
            [
                "two steps: weight_g: the lower limit fell from 0 to -5",
                "two steps: weight_g: the upper limit rose from 10 to 20",
            ],
        ),
        ([KEY, WEIGHT], [KEY], ["breaking: weight_g: is gone, or has another name"]),
        ([KEY, WEIGHT], [KEY, ("weight_g", str, "")], ["breaking: weight_g: no longer takes every integer"]),
    ],
)
def test_each_change_is_told_with_how_it_is_deployed(before: list[Any], after: list[Any], expected: list[str]) -> None:
    found = changes(snapshot(message("CratePacked", before)), snapshot(message("CratePacked", after)))
    assert [f"{change.deploy}: {change.words.removeprefix(PACKED + ': ')}" for change in found] == expected


def test_a_new_message_is_one_step_and_a_new_version_two() -> None:
    newer = message("CratePacked", NEXT, version=2, more={"upcast": upcast})
    found = changes(snapshot(CratePacked), snapshot(newer, PackCrate))
    assert [(change.deploy, change.words) for change in found] == [
        ("two steps", "nexus.depot-ms.crate_packed.v2: is a new version"),
        ("one step", "nexus.depot-ms.pack_crate.v1: is new"),
    ]


def test_answers_states_and_jobs_are_told_like_messages() -> None:
    wide = defstruct("CrateState", [("weight_g", int | None, 0), ("note", str, "")])
    job = message("WeighCrate", [KEY, WEIGHT], base=Job)
    reply: Any = Command
    old = make_snapshot([PackCrate], {"depot-ms.Crate": CrateState}, {}, [job])
    new = make_snapshot(
        [message("PackCrate", [KEY], base=reply[Crate | None])],
        {"depot-ms.Crate": wide, "depot-ms.Label": Label},
        {},
        [message("WeighCrate", [KEY, ("weight_g", float)], base=Job)],
    )
    assert [(change.deploy, change.words) for change in changes(old, new)] == [
        ("two steps", "nexus.depot-ms.pack_crate.v1: in its answer: reply: takes null now"),
        ("two steps", "nexus.depot-ms.weigh_crate.v1: weight_g: takes every number now"),
        ("two steps", "state depot-ms.Crate: weight_g: takes null now"),
        ("one step", "state depot-ms.Crate: note: is new"),
        ("one step", "state depot-ms.Label: is new"),
    ]
    assert [change.words for change in changes(old, make_snapshot([PackCrate], {"depot-ms.Crate": CrateState}, {}))] == [
        "nexus.depot-ms.weigh_crate.v1: is gone, or has another name"
    ]
    heavier = message("WeighCrate", [KEY, ("weight_g", str)], base=Job, key="weight_g")
    assert [
        change.words for change in changes(old, make_snapshot([PackCrate], {"depot-ms.Crate": CrateState}, {}, [heavier]))
    ] == [
        "nexus.depot-ms.weigh_crate.v1: its key is weight_g, was crate_id",
        "nexus.depot-ms.weigh_crate.v1: weight_g: no longer takes every integer",
    ]


def test_nothing_is_told_of_contracts_that_are_the_same() -> None:
    kinds = snapshot(CratePacked, PackCrate, states={"depot-ms.CrateActor": CrateState}, formats={"envelope": Envelope})
    assert changes(kinds, kinds) == []
