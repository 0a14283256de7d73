"""Which timers `TurnStore.due_timers` gives where very many are due."""

from datetime import timedelta

import pytest

from nexus_actors.runtime.store import TIMERS_LOOKED_AT, DueTimers, TimerPlace
from tests.conformance.runtime.books import TENANT, Books, mine
from tests.conformance.runtime.test_turn_store import NOON, fenced, timer

pytestmark = pytest.mark.anyio


async def test_of_each_key_the_earliest_due_timer_comes_but_for_keys_left_out(books: Books) -> None:
    commit = await fenced(books)
    commit.timers += [(0, timer(f"{n}", NOON - timedelta(minutes=9 - n), key)) for n, key in enumerate("aabab")]
    await books.commit(commit)
    found = await books.one.due_timers(0, NOON, 10)
    assert [(due.key, due.name) for due in found.timers] == [("a", "0"), ("b", "2")]
    assert (found.place, found.left) == (None, True)
    found = await books.one.due_timers(0, NOON, 10, without=[mine("a")])
    assert [(due.key, due.name) for due in found.timers] == [("b", "2")]
    assert await books.one.due_timers(0, NOON, 10, without=[mine("a"), mine("b")]) == DueTimers([], None, left=False)


async def test_one_key_with_many_due_timers_hides_others_for_as_many_looks_as_its_rows_need(books: Books) -> None:
    commit = await fenced(books)
    many = 2 * TIMERS_LOOKED_AT
    commit.timers += [(0, timer(f"{n:03d}", NOON, "many")) for n in range(many)]
    commit.timers += [(0, timer("rare", NOON, "rare"))]
    await books.commit(commit)
    first = await books.one.due_timers(0, NOON, 2)
    assert [due.key for due in first.timers] == ["many"]
    assert first.place == TimerPlace(NOON, TENANT, "many", f"{many - 1:03d}")
    second = await books.one.due_timers(0, NOON, 2, after=first.place)
    assert [due.key for due in second.timers] == ["rare"]
    assert (second.place, second.left) == (None, False)


async def test_behind_a_place_a_key_gives_the_earliest_of_all_its_due_timers(books: Books) -> None:
    commit = await fenced(books)
    commit.timers += [(0, timer(f"{n}", NOON - timedelta(minutes=9 - n), key)) for n, key in enumerate("aba")]
    await books.commit(commit)
    first = await books.one.due_timers(0, NOON, 1)
    assert [(due.key, due.name) for due in first.timers] == [("a", "0")]
    assert first.left
    assert first.place == TimerPlace(NOON - timedelta(minutes=9), TENANT, "a", "0")
    behind = await books.one.due_timers(0, NOON, 10, after=first.place)
    assert [(due.key, due.name) for due in behind.timers] == [("b", "1"), ("a", "0")]
