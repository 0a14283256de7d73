"""The dead letters: messages that no attempt could handle, to look at, try again or drop.

A message that failed too often is parked together with its cause, and all that comes behind it for the same key waits with it,
so that the order of the key stays. Letting the key go on tries all of them again, in order, except those that are dropped.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from bus import BusError, Command, Envelope, Refusal, StreamName, Topic
from nexus_actors.http.asking import Reply
from nexus_actors.principal import Principal
from nexus_actors.runtime.release import Released, ReleaseKey


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A message in the dead letters of a service.

    Attributes:
        number: grows in the order of parking, over all services.
        key: what it is ordered by; empty where it could not be read.
        stream: where it came from.
        behind: it did not fail itself; it waits for one of its key that did.
        released: its key goes on: it is being tried again.
        cause: the last line of what went wrong.
        attempts: how often it was tried.
    """

    number: int
    service: str
    message_id: UUID
    type: str
    key: str
    partition: int
    stream: str
    behind: bool
    released: bool
    cause: str
    attempts: int
    parked_at: datetime


class OpenedLetter(Struct, frozen=True, kw_only=True):
    """A dead letter with its content.

    Attributes:
        error: what went wrong, with the innermost frames of where.
        envelope: None where it is no CloudEvent; then ``body`` is all there is.
        body: the entry as it came.
    """

    letter: DeadLetter
    error: str
    envelope: Envelope | None
    body: bytes


class LetterFilter(Struct, frozen=True, kw_only=True):
    """Which dead letters are wanted; what is None lets all through."""

    service: str | None = None
    key: str | None = None
    type: str | None = None
    message_id: UUID | None = None


class DeadLetterBook(Protocol):
    """Where dead letters are kept.

    Raises (every method): `DatabaseUnavailable`.
    """

    async def page(self, wanted: LetterFilter, *, after: int = 0, limit: int = 50) -> list[DeadLetter]:
        """Dead letters in the order of parking, from behind a number on."""
        ...

    async def opened(self, wanted: LetterFilter, *, limit: int = 50) -> list[OpenedLetter]:
        """Dead letters with their content, in the order of parking."""
        ...


class ReleaseAsker(Protocol):
    """Asks the owner of a partition; `nexus_actors.runtime.asking.BusAsker` does."""

    async def ask(
        self,
        command: Command[Released],
        *,
        principal: Principal | None = None,
        stream: StreamName | None = None,
        timeout_s: float = 10.0,
    ) -> Reply[Released]:
        """Ask a command and await its answer."""
        ...


class DeadLetters:
    """The dead letters of all services.

    Args:
        book: where they are kept.
        asker: reaches the owners of partitions, who alone let a key go on.
    """

    def __init__(self, book: DeadLetterBook, asker: ReleaseAsker) -> None:
        self.book = book
        self._asker = asker

    async def redrive(self, service: str, key: str, *, principal: Principal | None = None) -> Released:
        """Try all dead letters of a key again, in order, under their own ids.

        Raises:
            Refusal: not_found, there are none; unavailable, their owner does not answer.
        """
        letters = await self.book.page(LetterFilter(service=service, key=key), limit=1)
        if not letters:
            detail = f"{service} has no dead letters of key {key!r}. List them to see which there are."
            raise Refusal.not_found("no_dead_letters", detail)
        return await self._release(letters[0], (), principal)

    async def drop(
        self, message_ids: Sequence[UUID], *, service: str | None = None, principal: Principal | None = None
    ) -> Released:
        """Drop dead letters for good. The others of their keys are tried again, in order.

        Args:
            service: of this service alone; one event may lie in the dead letters of several.

        Raises:
            Refusal: not_found, one of them is not there (nothing was dropped); unavailable, an owner does not answer (what
                lay with others may have been dropped).
        """
        keys: defaultdict[tuple[str, int, str], list[DeadLetter]] = defaultdict(list)
        for message_id in dict.fromkeys(message_ids):
            found = await self.book.page(LetterFilter(service=service, message_id=message_id))
            if not found:
                detail = f"There is no dead letter {message_id}. Nothing was dropped; list them to see which there are."
                raise Refusal.not_found("no_dead_letter", detail)
            for letter in found:
                keys[letter.service, letter.partition, letter.key].append(letter)
        redriven = dropped = 0
        for letters in keys.values():
            released = await self._release(letters[0], tuple(letter.message_id for letter in letters), principal)
            redriven, dropped = redriven + released.redriven, dropped + released.dropped
        return Released(redriven=redriven, dropped=dropped)

    async def _release(self, letter: DeadLetter, drop: tuple[UUID, ...], principal: Principal | None) -> Released:
        stream = Topic(letter.service).stream("commands", letter.partition)
        try:
            reply = await self._asker.ask(ReleaseKey(key=letter.key, drop=drop), principal=principal, stream=stream)
        except BusError as error:
            detail = f"{letter.service} does not answer for partition {letter.partition}: {error} Is one of its workers up?"
            raise Refusal.unavailable("owner_silent", detail) from error
        return reply.value
