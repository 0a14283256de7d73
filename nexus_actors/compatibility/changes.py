"""Changes of contracts that break what was written before them."""

from collections.abc import Iterator, Mapping
from typing import Final

from bus.schema import Schema
from nexus_actors.compatibility.narrowing import Comparison
from nexus_actors.compatibility.snapshot import MessageContract, Snapshot

HOW_TO_PROCEED: Final = """\
Streams, dead letters, timers, inboxes and states still hold what was written under the old contracts, and other services may
run an older release for a while.
- Can it be an addition? A new message, or a new field with a default, breaks nothing.
- Else raise the message's version and give it an upcast(), which makes data of the new version from data of the old one.
- A state has no versions: keep its old fields, and add new ones with defaults.
- The number of partitions, a topic and a key stay for ever: declare another message instead.
Then take the snapshot anew: ./nexus docs --accept-schemas (with --accept-breaking where nothing is deployed that could hold
the old contracts)."""


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
    found += _schemas("state", old.states, new.states, comparison)
    found += _schemas("format", old.formats, new.formats, comparison)
    return found


def _message(was: MessageContract, now: MessageContract, comparison: Comparison) -> Iterator[str]:
    for name in ("channel", "key", "batch"):
        before, after = getattr(was, name), getattr(now, name)
        if before != after:
            yield f"its {name} is {after}, was {before}"
    if was.upcasts and not now.upcasts:
        yield "no longer reads its older versions: its upcast() is gone"
    yield from comparison.narrowings(was.data, now.data)
    if was.answer is not None and now.answer is not None:
        yield from (f"in its answer, {words}" for words in comparison.narrowings(was.answer, now.answer, "reply"))


def _gone(wire_type: str, messages: Mapping[str, MessageContract]) -> Iterator[str]:
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
