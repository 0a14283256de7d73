"""Which timers a round fires, where very many are due."""

from datetime import UTC, datetime, timedelta

import pytest

from bus import new_id
from bus.codec import encode_envelope
from bus.envelope import seal
from nexus_actors.context import TimerSet
from nexus_actors.identity import Identity
from nexus_actors.memory import MemoryDatabase, MemoryTurnStore
from nexus_actors.runtime.decoder import Decoder, DueTimerReader
from nexus_actors.runtime.partition import Partition
from nexus_actors.runtime.store import TIMERS_LOOKED_AT, Resumed
from tests.nexus_actors.runtime.switchboard.service import Act, board

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEYS = 100


class Ringing:
    """One partition whose timers fire, and nothing else."""

    def __init__(self) -> None:
        database = MemoryDatabase(lambda: NOON)
        self.timers = database.service("board-ms").timers
        self.partition = Partition(0, 1, Resumed({}, 0, 0, set(), set(), NOON), [])
        self.firing = DueTimerReader(MemoryTurnStore("board-ms", database), Decoder(board))

    def set(self, line: str, *names: str, due_at: datetime = NOON) -> None:
        envelope = encode_envelope(seal(Act(line=line), message_id=new_id(), source="board-ms", now=NOON))
        for name in names:
            self.timers["main", line, name] = (0, TimerSet("main", line, name, due_at, new_id(), envelope))

    async def round(self) -> list[tuple[str, str | None]]:
        """The timers that one round fires, whose rows are gone after it."""
        fired = [(due.key, due.timer) for due in await self.firing.due(self.partition, NOON)]
        for key, name in fired:
            del self.timers["main", key, str(name)]
        return fired


async def test_a_pass_over_the_due_timers_goes_on_where_it_stopped_and_then_begins_anew() -> None:
    ringing = Ringing()
    many = [f"{n:04d}" for n in range(KEYS * TIMERS_LOOKED_AT + 1)]
    ringing.set("many", *many)
    ringing.set("rare", "r")
    rounds = [await ringing.round() for _ in range(4)]
    assert rounds == [[("many", many[0])], [("many", many[1]), ("rare", "r")], [("many", many[2])], [("many", many[3])]]
    assert ringing.partition.next_timer_at == NOON


async def test_more_keys_than_a_round_takes_get_their_turns_in_the_order_of_their_timers() -> None:
    ringing = Ringing()
    for n in range(KEYS * 2 + 1):
        ringing.set(f"{n:03d}", "t", due_at=NOON - timedelta(seconds=n))
    keys = [[key for key, _ in await ringing.round()] for _ in range(4)]
    assert [len(round_) for round_ in keys] == [KEYS, KEYS, 1, 0]
    assert [key for round_ in keys for key in round_] == [f"{n:03d}" for n in reversed(range(KEYS * 2 + 1))]
    assert ringing.partition.next_timer_at is None


async def test_timers_of_a_key_that_is_held_back_take_nobodys_place() -> None:
    ringing = Ringing()
    ringing.set("held", *(f"{n:04d}" for n in range(KEYS * TIMERS_LOOKED_AT + 1)), due_at=NOON - timedelta(hours=1))
    ringing.set("free", "t")
    ringing.partition.hold(Identity("main", "held"), NOON, timedelta(seconds=1), [])
    assert await ringing.round() == [("free", "t")]
    assert await ringing.round() == []
    assert ringing.partition.next_timer_at is None, "what waits for a held key alone must not keep the loop busy"
    ringing.partition.let_go(Identity("main", "held"))
    assert await ringing.round() == [("held", "0000")]
