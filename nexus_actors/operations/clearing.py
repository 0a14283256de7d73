"""Letting many parked keys go on: those whose letters failed in some way, a page at a time and gently.

What was done is done: an order that was broken off is given again, and goes on with what is left.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from nexus_actors.operations.dead_letters import DeadLetter, DeadLetters, LetterFilter, LetterGroup, Release

PAGE: Final = 500
MOST_OF_A_KEY: Final = 10_000
"""A key that holds back so many letters gets no more."""


class Cleared(Struct, frozen=True, kw_only=True):
    """What has been done so far: how many keys go on, how many letters are tried again, and how many were dropped."""

    keys: int = 0
    redriven: int = 0
    dropped: int = 0


class Clearing:
    """An order about many keys.

    It is about the letters that are there when it begins: one that fails again is for the next order. The filter says which
    letters must have failed; those that wait behind them go along with their key. Entries without a key are no messages: they
    cannot be tried again, only dropped.

    Args:
        wanted: which letters; those that wait behind others are left out of themselves.
        drop: drop them, and try the others of their keys again; else all of their keys are tried again.

    Attributes:
        wanted: which letters it looks for.
    """

    def __init__(self, letters: DeadLetters, wanted: LetterFilter, *, drop: bool) -> None:
        self._letters = letters
        self.wanted = replace(wanted, failed=True)
        self._drop = drop

    async def count(self) -> LetterGroup:
        """How much there is to do."""
        (whole,) = await self._letters.book.groups(self.wanted)
        return whole

    async def releases(self, limit: int = PAGE, up_to: int | None = None) -> AsyncGenerator[list[Release], None]:
        """What lets the keys go on, in the order of parking, a page at a time.

        Args:
            limit: so many letters are looked at for a page.
            up_to: the highest number of a letter that is looked at; that of the newest one when left out.
        """
        last = (await self.count()).last_number if up_to is None else up_to
        after = 0
        while after < last:
            page = await self._letters.book.page(self.wanted, after=after, limit=limit)
            letters = [letter for letter in page if letter.number <= last]
            yield await self._of_keys(letters)
            after = page[-1].number if len(page) == limit else last

    async def run(self, pause: Callable[[], Awaitable[None]], told: Callable[[Cleared], None] = lambda _: None) -> Cleared:
        """Carry it out.

        Args:
            pause: awaited after each key.
            told: is told after each key what has been done so far.

        Raises:
            Refusal: unavailable, an owner does not answer. What was done is done.
        """
        done = Cleared()
        async for releases in self.releases():
            for release in releases:
                released = await self._letters.release(release)
                done = Cleared(
                    keys=done.keys + 1,
                    redriven=done.redriven + released.redriven,
                    dropped=done.dropped + released.dropped,
                )
                told(done)
                await pause()
        return done

    async def _of_keys(self, letters: Sequence[DeadLetter]) -> list[Release]:
        if not self._drop:
            return list(dict.fromkeys(_whole(letter) for letter in letters if letter.key))
        found: dict[Release, list[UUID]] = {}
        for letter in letters:
            found.setdefault(_whole(letter), []).append(letter.message_id)
        return [await self._dropping(release, ids) for release, ids in found.items()]

    async def _dropping(self, release: Release, ids: Sequence[UUID]) -> Release:
        """All of a key's letters that are to be dropped go at once, for what is left of it is tried again at once."""
        if release.key:
            place = {"service": release.service, "partition": release.partition, "tenant": release.tenant, "key": release.key}
            wanted = replace(self.wanted, **place)
            ids = [letter.message_id for letter in await self._letters.book.page(wanted, limit=MOST_OF_A_KEY)]
        return replace(release, drop=tuple(ids))


def _whole(letter: DeadLetter) -> Release:
    """What lets a letter's key go on without dropping anything."""
    return Release(service=letter.service, partition=letter.partition, tenant=letter.tenant, key=letter.key)
