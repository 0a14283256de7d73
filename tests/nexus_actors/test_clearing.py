"""Letting many keys go on: how much it asks for, what it leaves out, and where it stops."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from msgspec.structs import replace

from bus import Command, DeadlineExceeded, Refusal
from nexus_actors.clearing import PAGE, Cleared, Clearing
from nexus_actors.dead_letters import DeadLetter, DeadLetters, LetterFilter, LetterGroup, OpenedLetter, Trait
from nexus_actors.http.asking import Reply
from nexus_actors.runtime.release import Released, ReleaseKey

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def letter(number: int, key: str, *, behind: bool = False, cause: str = "ValueError: no") -> DeadLetter:
    return DeadLetter(
        number=number,
        service="counter-ms",
        message_id=UUID(int=number),
        type="nexus.counter-ms.add.v1",
        key=key,
        partition=0,
        stream="{counter-ms:0}:commands",
        behind=behind,
        released=False,
        cause=cause,
        attempts=3,
        parked_at=NOON,
    )


class Shelf:
    """Dead letters in memory and the owner who lets them go on; counts what it is asked for."""

    def __init__(self, letters: Sequence[DeadLetter]) -> None:
        self.letters: dict[int, DeadLetter] = {}
        self._of_key: defaultdict[str, list[int]] = defaultdict(list)
        for one in letters:
            self.park(one)
        self.asked: Counter[str] = Counter()
        self.released: list[tuple[str, tuple[UUID, ...]]] = []
        self.silent_after = 1_000_000

    def park(self, one: DeadLetter) -> None:
        self.letters[one.number] = one
        self._of_key[one.key].append(one.number)

    def _matching(self, wanted: LetterFilter) -> list[DeadLetter]:
        return [
            one
            for one in self.letters.values()
            if not (wanted.failed and (one.behind or one.released))
            and wanted.key in {None, one.key}
            and (wanted.cause or "") in one.cause
        ]

    async def page(self, wanted: LetterFilter, *, after: int = 0, limit: int = 50) -> list[DeadLetter]:
        self.asked["page"] += 1
        return [one for one in self._matching(wanted) if one.number > after][:limit]

    async def opened(self, wanted: LetterFilter, *, limit: int = 50) -> list[OpenedLetter]:
        raise NotImplementedError

    async def groups(self, wanted: LetterFilter, by: Sequence[Trait] = (), *, limit: int = 50) -> list[LetterGroup]:
        self.asked["groups"] += 1
        found = self._matching(wanted)
        last = max((one.number for one in found), default=0)
        keys = len({one.key for one in found})
        return [LetterGroup(letters=len(found), keys=keys, first_parked_at=None, last_parked_at=None, last_number=last)]

    async def ask(self, command: Command[Released], **_: object) -> Reply[Released]:
        assert isinstance(command, ReleaseKey)
        if len(self.released) == self.silent_after:
            raise DeadlineExceeded("Nobody answers.")
        self.released.append((command.key, command.drop))
        mine = self._of_key.pop(command.key)
        dropped = [number for number in mine if UUID(int=number) in command.drop]
        for number in dropped:
            del self.letters[number]
        for number in set(mine) - set(dropped):
            self.letters[number] = replace(self.letters[number], released=True)
        return Reply(Released(redriven=len(mine) - len(dropped), dropped=len(dropped)))


async def at_once() -> None:
    """No pause."""


def clearing(shelf: Shelf, *, drop: bool = False, cause: str | None = None) -> Clearing:
    return Clearing(DeadLetters(shelf, shelf), LetterFilter(cause=cause), drop=drop)


async def test_of_a_hundred_thousand_letters_those_that_failed_are_read_a_page_at_a_time() -> None:
    keys = 2_000
    shelf = Shelf([letter(n, f"k{n % keys}", behind=n > keys) for n in range(1, 100_001)])
    paused = Counter[str]()

    async def pause() -> None:
        paused["keys"] += 1

    done = await clearing(shelf).run(pause)
    assert done == Cleared(keys=keys, redriven=100_000)
    assert shelf.asked == {"groups": 1, "page": keys // PAGE}
    assert paused["keys"] == len(shelf.released) == keys


async def test_only_keys_with_a_letter_that_failed_so_go_on_and_all_of_theirs_goes_along() -> None:
    shelf = Shelf([letter(1, "a"), letter(2, "a", behind=True), letter(3, "b", cause="KeyError: x"), letter(4, "")])
    assert await clearing(shelf, cause="ValueError").run(at_once) == Cleared(keys=1, redriven=2)
    assert shelf.released == [("a", ())]


async def test_all_of_a_keys_letters_that_are_to_be_dropped_go_at_once() -> None:
    shelf = Shelf([letter(1, "a"), *(letter(n, f"k{n}") for n in range(2, PAGE + 1)), letter(PAGE + 1, "a")])
    done = await clearing(shelf, drop=True).run(at_once)
    assert done == Cleared(keys=PAGE, dropped=PAGE + 1)
    assert shelf.released[0] == ("a", (UUID(int=1), UUID(int=PAGE + 1)))


async def test_what_is_parked_meanwhile_is_for_the_next_order() -> None:
    shelf = Shelf([letter(n, f"k{n}") for n in range(1, 4)])

    def told(done: Cleared) -> None:
        shelf.park(letter(100 + done.keys, f"new{done.keys}"))

    assert await clearing(shelf).run(at_once, told) == Cleared(keys=3, redriven=3)


async def test_an_order_that_was_broken_off_goes_on_with_what_is_left() -> None:
    shelf = Shelf([letter(n, f"k{n}") for n in range(1, 6)])
    shelf.silent_after = 2
    with pytest.raises(Refusal, match="owner_silent"):
        await clearing(shelf).run(at_once)
    shelf.silent_after = 1_000
    assert await clearing(shelf).run(at_once) == Cleared(keys=3, redriven=3)
    assert [key for key, _ in shelf.released] == [f"k{n}" for n in range(1, 6)]


async def test_nothing_to_do_asks_nobody() -> None:
    shelf = Shelf([letter(1, "a", behind=True)])
    assert await clearing(shelf).run(at_once) == Cleared()
    assert shelf.asked == {"groups": 1}
