"""Letting many keys go on: how much it asks for, what it leaves out, and where it stops."""

from collections import Counter
from uuid import UUID

import pytest

from bus import Refusal
from nexus_actors.operations.clearing import PAGE, Cleared, Clearing
from nexus_actors.operations.dead_letters import DeadLetters, LetterFilter
from tests.nexus_actors.shelf import Shelf, letter

pytestmark = pytest.mark.anyio


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
    shelf = Shelf([letter(n, f"k{n}") for n in range(1, PAGE + 2)])

    def told(done: Cleared) -> None:
        shelf.park(letter(10_000 + done.keys, f"new{done.keys}"))

    assert await clearing(shelf).run(at_once, told) == Cleared(keys=PAGE + 1, redriven=PAGE + 1)


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


async def test_one_key_of_two_tenants_is_two_keys() -> None:
    letters = [letter(1, "a", tenant="red"), letter(2, "a", tenant="blue"), letter(3, "a", tenant="red", behind=True)]
    shelf = Shelf(letters)
    assert await clearing(shelf).run(at_once) == Cleared(keys=2, redriven=3)
    assert shelf.whose == ["red", "blue"]
    shelf = Shelf(letters)
    assert await clearing(shelf, drop=True).run(at_once) == Cleared(keys=2, redriven=1, dropped=2)
    assert shelf.released == [("a", (UUID(int=1),)), ("a", (UUID(int=2),))]
