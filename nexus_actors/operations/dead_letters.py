"""The dead letters: messages that no attempt could handle, to look at, try again or drop.

A message that failed too often is parked together with its cause, and all that comes behind it for the same key waits with it,
so that the order of the key stays. Letting the key go on tries all of them again, in order, except those that are dropped.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, Protocol
from uuid import UUID

from msgspec import Struct

from bus import BusError, Command, Envelope, Refusal, StreamName, Topic
from nexus_actors.asking import Reply
from nexus_actors.principal import Principal
from nexus_actors.runtime.own_commands import NO_KEY, Released, ReleaseKey

_MOST_TENANTS: Final = 10_000


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A message in the dead letters of a service.

    Attributes:
        number: grows in the order of parking, over all services.
        tenant: whose actor it is for; empty for one of the platform itself, and where it could not be read.
        key: what it is ordered by, within its tenant; empty where it could not be read.
        stream: where it came from.
        behind: it did not fail itself; it waits for one of its key that did.
        released: its key goes on: it is being tried again.
        cause: the last line of what went wrong, without secrets.
        attempts: how often it was tried.
    """

    number: int
    service: str
    message_id: UUID
    type: str
    tenant: str
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
        error: what went wrong, with the innermost frames of where; without secrets, which the content may still hold.
        envelope: None where it is no CloudEvent; then ``body`` is all there is.
        body: the entry as it came.
    """

    letter: DeadLetter
    error: str
    envelope: Envelope | None
    body: bytes


class LetterFilter(Struct, frozen=True, kw_only=True):
    """Which dead letters are wanted; what is None lets all through.

    Attributes:
        cause: stands in the last line of what went wrong: the type of an exception, or words of it.
        since: parked then or later; until: parked before then.
        failed: those that failed themselves and are not being tried again; not those that wait behind them.
    """

    service: str | None = None
    tenant: str | None = None
    key: str | None = None
    type: str | None = None
    message_id: UUID | None = None
    partition: int | None = None
    cause: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    failed: bool = False


Trait = Literal["service", "type", "cause", "tenant", "key"]


class LetterGroup(Struct, frozen=True, kw_only=True):
    """Dead letters that have something in common. What they were not grouped by is empty.

    Attributes:
        cause: the type of the exception where the last line begins with one, else that line.
        letters: how many there are; keys: of how many keys, those of two tenants being two.
        last_number: the highest number among them; 0 where there are none.
    """

    service: str = ""
    type: str = ""
    cause: str = ""
    tenant: str = ""
    key: str = ""
    letters: int
    keys: int
    first_parked_at: datetime | None
    last_parked_at: datetime | None
    last_number: int


class Release(Struct, frozen=True, kw_only=True):
    """A parked key of a tenant that is to go on: its dead letters are tried again, in order, but for those that are dropped."""

    service: str
    partition: int
    tenant: str
    key: str
    drop: tuple[UUID, ...] = ()


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

    async def groups(self, wanted: LetterFilter, by: Sequence[Trait] = (), *, limit: int = 50) -> list[LetterGroup]:
        """Dead letters counted by some traits, the largest groups first; all together, in one group, by none."""
        ...


class ReleaseAsker(Protocol):
    """Asks the owner of a partition; `nexus_actors.asking.BusAsker` does."""

    async def ask(
        self,
        command: Command[Released],
        *,
        principal: Principal | None = None,
        message_id: UUID | None = None,
        traceparent: str | None = None,
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

    async def redrive(
        self, service: str, key: str, *, tenant: str | None = None, principal: Principal | None = None
    ) -> Released:
        """Try all dead letters of a key again, in order, under their own ids.

        Args:
            tenant: whose key; that of every tenant when left out.

        Raises:
            Refusal: not_found, there are none; unavailable, their owner does not answer.
        """
        releases = await self.find_key(service, key, tenant)
        if not releases:
            detail = f"{service} has no dead letters of key {key!r}. List them to see which there are."
            raise Refusal.not_found("no_dead_letters", detail)
        return await self._release_all(releases, principal)

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
        releases, missing = await self.find_letters(message_ids, service)
        if missing:
            detail = f"There is no dead letter {missing[0]}. Nothing was dropped; list them to see which there are."
            raise Refusal.not_found("no_dead_letter", detail)
        return await self._release_all(releases, principal)

    async def _release_all(self, releases: Sequence[Release], principal: Principal | None) -> Released:
        released = [await self.release(release, principal=principal) for release in releases]
        return Released(redriven=sum(one.redriven for one in released), dropped=sum(one.dropped for one in released))

    async def find_key(self, service: str, key: str, tenant: str | None = None) -> list[Release]:
        """What lets a key go on without dropping anything, for each tenant that has dead letters of it.

        Args:
            tenant: of this one alone.
        """
        wanted = LetterFilter(service=service, key=key, tenant=tenant)
        letters = await self.book.page(wanted, limit=1)
        tenants = await self.book.groups(wanted, ("tenant",), limit=_MOST_TENANTS) if letters else []
        # The partition follows from the key alone.
        return [Release(service=service, partition=letters[0].partition, tenant=group.tenant, key=key) for group in tenants]

    async def find_letters(self, message_ids: Sequence[UUID], service: str | None = None) -> tuple[list[Release], list[UUID]]:
        """What drops these letters, key by key, and which of them are not there."""
        keys: defaultdict[tuple[str, int, str, str], list[UUID]] = defaultdict(list)
        missing: list[UUID] = []
        for message_id in dict.fromkeys(message_ids):
            found = await self.book.page(LetterFilter(service=service, message_id=message_id))
            if not found:
                missing.append(message_id)
            for letter in found:
                keys[letter.service, letter.partition, letter.tenant, letter.key].append(message_id)
        return [
            Release(service=name, partition=partition, tenant=tenant, key=key, drop=tuple(drop))
            for (name, partition, tenant, key), drop in keys.items()
        ], missing

    async def release(
        self,
        release: Release,
        *,
        principal: Principal | None = None,
        message_id: UUID | None = None,
        traceparent: str | None = None,
    ) -> Released:
        """Let a key go on.

        Args:
            message_id: of the command to its owner; under the same id, the answer of the first time comes again.
            traceparent: where this stands in its trace (W3C Trace Context).

        Raises:
            Refusal: unavailable, the owner of its partition does not answer. It may do so later all the same.
        """
        stream = Topic(release.service).stream("commands", release.partition)
        command = ReleaseKey(key=release.key or NO_KEY, tenant=release.tenant, drop=release.drop)
        try:
            reply = await self._asker.ask(
                command, principal=principal, message_id=message_id, traceparent=traceparent, stream=stream
            )
        except BusError as error:
            detail = f"{release.service} does not answer for partition {release.partition}: {error} Is one of its workers up?"
            raise Refusal.unavailable("owner_silent", detail) from error
        return reply.value
