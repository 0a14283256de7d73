"""Changes of contracts that break what was written before them."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple, get_args

from bus.schema import Schema
from nexus_actors.compatibility.narrowing import Comparison
from nexus_actors.compatibility.snapshot import JobContract, MessageContract, Snapshot
from nexus_actors.compatibility.words import WIDENED

HOW_TO_PROCEED: Final = """\
Streams, dead letters, timers, inboxes and states still hold what was written under the old contracts, and other services may
run an older release for a while.
- Can it be an addition? A new message, or a new field with a default, breaks nothing and is deployed in one step.
- Else raise the message's version and give it an upcast(), which makes data of the new version from data of the old one.
- A state has no versions: keep its old fields, and add new ones with defaults.
- What takes two steps, readers first, is told as that, and breaks nothing: see docs/deploying.md.
- The number of partitions, a topic and a key stay for ever: declare another message instead.
Then take the snapshot anew: ./nexus docs --accept-schemas (with --accept-breaking where nothing is deployed that could hold
the old contracts)."""


Deploy = Literal["one step", "two steps", "breaking"]


class Change(NamedTuple):
    """A change of a contract.

    Attributes:
        deploy: how it is deployed: in one step; in two, with the release that reads it first and the one that writes it
            afterwards; or not at all.
    """

    deploy: Deploy
    words: str


def all_changes(old: Mapping[str, Snapshot], new: Mapping[str, Snapshot]) -> list[Change]:
    """The changes of all services and of the runtime, by name; those that break something first."""
    nothing = Snapshot()
    found = [
        change for name in sorted(old.keys() | new.keys()) for change in changes(old.get(name, nothing), new.get(name, nothing))
    ]
    return sorted(found, key=lambda change: get_args(Deploy).index(change.deploy), reverse=True)


def changes(old: Snapshot, new: Snapshot) -> list[Change]:
    """All changes that matter to other releases, those that break something first.

    What an older release cannot read waits there until a newer one has the partition (see docs/deploying.md). Of the service's
    own releases that is the end of the deployment; other services get theirs first.
    """
    found = [Change("breaking", words) for words in breaking_changes(old, new)]
    broken = {change.words.partition(": ")[0] for change in found}
    comparison = Comparison(new.schemas, old.schemas, WIDENED)
    growth = [
        *_grown_messages(old.messages, new.messages, comparison),
        *_grown_messages(old.jobs, new.jobs, comparison),
        *_grown_schemas("state", old.states, new.states, comparison),
        *_grown_schemas("format", old.formats, new.formats, comparison),
    ]
    later = [change for change in growth if change.words.partition(": ")[0] not in broken]
    return [*found, *sorted(later, key=lambda change: change.deploy, reverse=True)]


def _grown_messages(
    old: Mapping[str, MessageContract | JobContract], new: Mapping[str, MessageContract | JobContract], comparison: Comparison
) -> Iterator[Change]:
    bases = {_versioned(wire_type)[0] for wire_type in old}
    for wire_type, now in new.items():
        was = old.get(wire_type)
        if was is None:
            is_version = _versioned(wire_type)[0] in bases
            yield (
                Change("two steps", f"{wire_type}: is a new version")
                if is_version
                else Change("one step", f"{wire_type}: is new")
            )
            continue
        yield from _grown(wire_type, comparison.narrowings(now.data, was.data))
        if isinstance(now, MessageContract) and isinstance(was, MessageContract) and now.answer and was.answer:
            yield from _grown(f"{wire_type}: in its answer", comparison.narrowings(now.answer, was.answer, "reply"))


def _grown_schemas(what: str, old: Mapping[str, Schema], new: Mapping[str, Schema], comparison: Comparison) -> Iterator[Change]:
    for name, schema in new.items():
        if name in old:
            yield from _grown(f"{what} {name}", comparison.narrowings(schema, old[name]))
        else:
            yield _is_new(f"{what} {name}")


def _is_new(name: str) -> Change:
    return Change("one step", f"{name}: {WIDENED.gone}")


def _grown(name: str, lines: list[str]) -> Iterator[Change]:
    """New fields are skipped by older readers, and kept in states; all else they cannot read."""
    for line in lines:
        yield Change("one step" if line.endswith(WIDENED.gone) else "two steps", f"{name}: {line}")


def breaking_changes(old: Snapshot, new: Snapshot) -> list[str]:
    """What in ``new`` cannot read, or misunderstands, what was written under ``old``; a line for each, empty for none.

    Breaking are: a message, version, field, state or format that is gone; a field that cannot be left out any more; a type or
    limit that takes less; another key, topic, channel, batch field, number of partitions or meaning of a missing field.
    New messages, new fields with a default and types that take more are not.
    """
    comparison = Comparison(old.schemas, new.schemas)
    found = [
        f"topic {service}: has {new.topics[service]} partitions, had {count}"
        for service, count in old.topics.items()
        if new.topics.get(service, count) != count
    ]
    for wire_type, was in old.messages.items():
        now = new.messages.get(wire_type)
        if now is None:
            found += _gone(wire_type, new.messages)
        else:
            found += (f"{wire_type}: {words}" for words in _message(was, now, comparison))
    for wire_type, job in old.jobs.items():
        later = new.jobs.get(wire_type)
        if later is None:
            found += _gone(wire_type, new.jobs)
        else:
            found += (f"{wire_type}: {words}" for words in _job(job, later, comparison))
    found += _schemas("state", old.states, new.states, comparison)
    found += _schemas("format", old.formats, new.formats, comparison)
    return found


def _message(was: MessageContract, now: MessageContract, comparison: Comparison) -> Iterator[str]:
    for name in ("channel", "key", "batch"):
        before, after = getattr(was, name), getattr(now, name)
        if before != after:
            yield f"its {name} is {after}, was {before}"
    yield from _data(was, now, comparison)
    if was.answer is not None and now.answer is not None:
        yield from (f"in its answer, {words}" for words in comparison.narrowings(was.answer, now.answer, "reply"))


def _job(was: JobContract, now: JobContract, comparison: Comparison) -> Iterator[str]:
    if was.key != now.key:
        yield f"its key is {now.key}, was {was.key}"
    yield from _data(was, now, comparison)


def _data(was: MessageContract | JobContract, now: MessageContract | JobContract, comparison: Comparison) -> Iterator[str]:
    if was.upcasts and not now.upcasts:
        yield "no longer reads its older versions: its upcast() is gone"
    yield from comparison.narrowings(was.data, now.data)


def _gone(wire_type: str, messages: Mapping[str, MessageContract | JobContract]) -> Iterator[str]:
    """Nothing, where a newer version reads the old one."""
    base, version = _versioned(wire_type)
    newer = [name for name in messages if _versioned(name)[0] == base and _versioned(name)[1] > version]
    if not newer:
        yield f"{wire_type}: is gone, or has another name"
    elif not any(messages[name].upcasts for name in newer):
        yield f"{wire_type}: {newer[0]} is in its place and cannot read it: it has no upcast()"


def _versioned(wire_type: str) -> tuple[str, int]:
    base, _, version = wire_type.rpartition(".v")
    return base, int(version)


def _schemas(what: str, old: Mapping[str, Schema], new: Mapping[str, Schema], comparison: Comparison) -> Iterator[str]:
    for name, schema in old.items():
        if name in new:
            yield from (f"{what} {name}: {words}" for words in comparison.narrowings(schema, new[name]))
        else:
            yield f"{what} {name}: is gone, or has another name"
