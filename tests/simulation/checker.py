"""What must hold when everything has come to rest."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from bus import StreamName
from bus.codec import Contracts, decode_envelope
from bus.position import START
from bus.requests import decode_answer
from nexus_actors.identity import Identity
from nexus_actors.memory.database import ServiceTables
from tests.simulation.walkers import (
    FOLLOWERS,
    Followed,
    FollowerState,
    GroupState,
    Stood,
    WalkerState,
    group_of,
    rings,
)
from tests.simulation.world import REPLIES, World

_ALL = 1_000_000
T = TypeVar("T")


async def unrest(world: World) -> str | None:
    """What is still under way; None when nothing is."""
    history = await world.streams.history()
    for service in world.services:
        tables = world.database.service(service.name)
        if tables.timers or tables.letters:
            return f"{service.name} has {len(tables.timers)} timers and {len(tables.letters)} dead letters"
        owned = [
            partition
            for worker in world.living
            for partition in worker.loops[service.name].partitions.values()
            if world.database.leases[service.name, partition.number].generation == partition.generation
        ]
        if len(owned) != service.topic.partitions:
            return f"{service.name} has owners for {len(owned)} of {service.topic.partitions} partitions"
        for partition in owned:
            if history not in {partition.read_under} & {partition.published_under}:
                return f"{service.name} {partition.number} has not seen that the streams were restarted"
            if partition.held or partition.unpublished or partition.dirty:
                return f"{service.name} {partition.number} holds keys back, or has something to publish or to save"
        if await _behind(world):
            return f"{service.name} has entries to handle"
    return None


async def violations(world: World) -> list[str]:
    """Every promise that was broken; empty when all were kept."""
    found = [f"trimmed too early: {line}" for line in world.streams.wrongly_trimmed]
    found += [f"a task broke: {line.strip()}" for line in world.trace.lines if "log: task_broke" in line]
    for walker, ids in world.sent.items():
        found += _walker(world, walker, len(ids))
    found += await _behind(world)
    found += await _unpublished(world)
    found += await _followed(world)
    found += await _answers(world)
    return found


def _walker(world: World, walker: Identity, steps: int) -> Iterator[str]:
    """Every effect once, and in order, and none of another tenant's walker of that name."""
    expected = list(range(steps))
    walkers, followers = world.database.service("walker-ms"), world.database.service("follower-ms")
    state = _state(walkers, "Walker", walker, WalkerState)
    yield from _differs(f"steps of {walker}", state.steps, expected)
    yield from _differs(f"rings of {walker}", sorted(state.rings), [n for n in expected if rings(n)])
    if len(set(state.rests)) < len(state.rests) or state.rests[-1:] != expected[-1:]:
        yield f"rests of {walker}: {state.rests}, of {steps} steps"
    yield from _differs(f"steps seen of {walker}", _state(followers, "Follower", walker, FollowerState).steps, expected)
    group = _state(followers, "Group", walker._replace(key=group_of(walker.key)), GroupState)
    yield from _differs(f"steps of {walker} seen by its group", [n for name, n in group.seen if name == walker.key], expected)


def _differs(what: str, found: list[int], expected: list[int]) -> Iterator[str]:
    if found == expected:
        return
    lost, extra = sorted(set(expected) - set(found)), sorted({n for n in found if found.count(n) > 1})
    yield f"{what}: lost {lost}, twice {extra}: {found}"


def _state(tables: ServiceTables, actor: str, identity: Identity, state_type: type[T]) -> T:
    return msgspec.json.decode(tables.states.get((actor, *identity), b"{}"), type=state_type)


async def _behind(world: World) -> list[str]:
    """The checkpoints of every stream stand at its end."""
    found = []
    for service in world.services:
        checkpoints = world.database.service(service.name).checkpoints
        waiting = await world.streams.read(checkpoints, _ALL, 0)
        found += [f"{service.name} never handled {entry.stream} {entry.position}" for entry in waiting]
    return found


async def _unpublished(world: World) -> list[str]:
    """What the outboxes say was published, and nothing is marked that was not."""
    found = []
    for service in world.services:
        for number, rows in world.database.service(service.name).outbox.items():
            seqs = [published.row.seq for published in rows]
            if seqs != list(range(1, len(seqs) + 1)):
                found.append(f"the outbox of {service.name} {number} is numbered {seqs}")
            mark = world.database.leases[service.name, number].published_seq
            if mark != max(seqs):
                found.append(f"the outbox of {service.name} {number} goes to {max(seqs)}, its mark is {mark}")
    return found


async def _followed(world: World) -> list[str]:
    """The streams that nobody reads have carried every event of the outbox, and the first copies stood in order."""
    contracts = Contracts([Followed])
    found: dict[Identity, dict[object, int]] = {}
    for entry in await world.streams.everything(FOLLOWERS.streams("events")):
        envelope = decode_envelope(entry.body)
        event = contracts.decode(envelope)
        assert isinstance(event, Followed)
        found.setdefault(Identity(envelope.tenant or "", event.walker), {}).setdefault(envelope.id, event.n)
    broken: list[str] = []
    for walker, ids in world.sent.items():
        broken += _differs(f"events about {walker} in the stream", list(found.get(walker, {}).values()), list(range(len(ids))))
    return broken


async def _answers(world: World) -> list[str]:
    """Whoever was told that a step was taken was told the right one."""
    entries = await world.streams.read({StreamName(REPLIES): START}, _ALL, 0)
    expected = {message_id: n for ids in world.sent.values() for n, message_id in enumerate(ids)}
    answers = [decode_answer(entry.body) for entry in entries]
    taken = [(answer.id, msgspec.json.decode(answer.value, type=Stood).n) for answer in answers if answer.refusal is None]
    return [f"step {expected[message_id]} was answered with {n}" for message_id, n in taken if expected[message_id] != n]


def summary(found: Sequence[str]) -> str:
    """The broken promises, one a line."""
    return "\n".join(f"  - {line}" for line in found)
