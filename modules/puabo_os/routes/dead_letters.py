"""Dead letters: messages that no attempt could handle, and what waits behind them.

They are those of every tenant, with their content. So they are a matter of the platform: besides the scope, the caller needs
a token of the platform's own tenant. The administrator of another tenant has every scope, and still may not.
"""

from collections.abc import Sequence
from contextlib import aclosing
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, Struct, field

from bus import Instant, derive_id
from bus.envelope import LONGEST_TENANT
from modules.puabo_os.contract import OPERATE, READ, Clearance, ClearedKey, OrderClearance
from modules.puabo_os.desk import Desk
from modules.puabo_os.routes.operator import operators_desk
from nexus_actors.http import Page, PageQuery, Request, Routes, found, page_from
from nexus_actors.operations.clearing import Clearing
from nexus_actors.operations.dead_letters import DeadLetter, LetterFilter, LetterGroup, Release, Trait
from nexus_actors.operations.letter_content import LetterContent, content_of
from nexus_actors.runtime.own_commands import Released

MAX_DROPS: Final = 100

routes = Routes(tag="dead letters")

_Name = Annotated[str, Meta(min_length=1, max_length=100)]
_Key = Annotated[str, Meta(max_length=1_000)]
_Tenant = Annotated[str, Meta(max_length=LONGEST_TENANT)]
_Type = Annotated[str, Meta(min_length=1, max_length=300)]
_Cause = Annotated[str, Meta(min_length=1, max_length=500)]


class _Filter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    service: _Name | None = None
    tenant: _Tenant | None = None
    key: _Key | None = None
    type: _Type | None = None
    cause: _Cause | None = None
    parked_from: Instant | None = field(default=None, name="from")
    parked_to: Instant | None = field(default=None, name="to")


class LetterQuery(PageQuery, frozen=True, kw_only=True):
    """Which dead letters are wanted: of a service, a tenant, a key, a wire type, with a cause, parked in a range of time.

    Attributes:
        tenant: empty for those of the platform itself.
        cause: stands in the last line of what went wrong: the type of an exception, or words.
    """

    service: _Name | None = None
    tenant: _Tenant | None = None
    key: _Key | None = None
    type: _Type | None = None
    cause: _Cause | None = None
    parked_from: Instant | None = field(default=None, name="from")
    parked_to: Instant | None = field(default=None, name="to")


class GroupQuery(_Filter, frozen=True, kw_only=True):
    """Which of the dead letters that failed themselves are counted, and by what; all together by none."""

    by: Trait | None = None


class LetterGroups(Struct, frozen=True, kw_only=True):
    """The largest groups."""

    items: list[LetterGroup]


class Matching(_Filter, frozen=True, kw_only=True):
    """Which letters of a service must have failed for their keys to be meant.

    Attributes:
        tenant: empty for those of the platform itself.
        cause: stands in the last line of what went wrong: the type of an exception, or words.
        limit: so many letters are looked at in one request, the oldest first.
    """

    service: _Name
    key: Annotated[_Key, Meta(min_length=1)] | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_DROPS)] = MAX_DROPS


class ClearedPage(Struct, frozen=True, kw_only=True):
    """What one request has done, and what is left.

    Attributes:
        keys: so many go on.
        left: so many letters matched beyond the limit: ask again, under another Idempotency-Key.
    """

    keys: int
    redriven: int
    dropped: int
    left: int


class LetterPlace(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In whose dead letters it lies; one event may lie in those of several services."""

    service: _Name


class Redrive(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which key is to go on. Entries without one are no messages: they cannot be tried again, only dropped.

    Attributes:
        tenant: whose key, empty for one of the platform itself; that of every tenant when left out.
    """

    service: _Name
    key: Annotated[_Key, Meta(min_length=1)]
    tenant: _Tenant | None = None


class Drop(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which messages are to be dropped for good."""

    service: _Name
    message_ids: Annotated[tuple[UUID, ...], Meta(min_length=1, max_length=MAX_DROPS)]


class _Place(Struct, frozen=True, array_like=True):
    """Where a page starts: behind this number."""

    number: Annotated[int, Meta(ge=0, le=2**53)]


@routes.get("/v1/dead-letters", scope=READ)
async def list_dead_letters(request: Request, query: LetterQuery) -> Page[DeadLetter]:
    """List the dead letters in the order of parking.

    `behind` are those that did not fail themselves and wait for one of their key; `released` those that are being tried again.
    """
    desk = _desk(request)
    wanted = _wanted(query)
    place = request.cursor(query, _Place)
    letters = await desk.letters.book.page(wanted, after=place.number if place else 0, limit=query.limit + 1)
    return page_from(letters, query.limit, lambda letter: _Place(letter.number))


@routes.get("/v1/dead-letters/{message_id}", scope=READ)
async def show_dead_letter(request: Request, message_id: UUID, query: LetterPlace) -> LetterContent:
    """Show a dead letter with its content and what went wrong.

    Secrets, by name or by looks, e-mail addresses, telephone and licence numbers are masked; long texts and lists are cut.
    """
    desk = _desk(request)
    opened = await desk.letters.book.opened(LetterFilter(service=query.service, message_id=message_id), limit=1)
    return content_of(found(opened[0] if opened else None, "dead_letter"))


@routes.get("/v1/dead-letter-groups", scope=READ)
async def count_dead_letters(request: Request, query: GroupQuery) -> LetterGroups:
    """Count the dead letters that failed themselves, by cause, wire type, service, tenant or key, the largest groups first.

    With the filter of a `redrive` or `drop` of groups it tells what that would be about.
    """
    by = [] if query.by is None else [query.by]
    return LetterGroups(items=await _desk(request).letters.book.groups(_wanted(query, failed=True), by))


@routes.post("/v1/dead-letters:redrive", scope=OPERATE)
async def redrive_dead_letters(request: Request, body: Redrive) -> Released:
    """Try all dead letters of a key again, in order and under their own ids.

    What fails again is parked again. Mend the cause first.
    """
    desk = _desk(request)
    return await _clear(request, body.service, await desk.letters.find_key(body.service, body.key, body.tenant))


@routes.post("/v1/dead-letters:drop", scope=OPERATE)
async def drop_dead_letters(request: Request, body: Drop) -> Released:
    """Drop dead letters for good. The others of their keys are tried again, in order.

    Nothing is dropped where one of the messages is not in the dead letters of the service.
    """
    desk = _desk(request)
    releases, missing = await desk.letters.find_letters(body.message_ids, body.service)
    return await _clear(request, body.service, releases, missing)


@routes.post("/v1/dead-letter-groups:redrive", scope=OPERATE)
async def redrive_matching(request: Request, body: Matching) -> ClearedPage:
    """Try all dead letters of the keys again that have one which failed like this, in order and under their own ids."""
    return await _clear_page(request, body, drop=False)


@routes.post("/v1/dead-letter-groups:drop", scope=OPERATE)
async def drop_matching(request: Request, body: Matching) -> ClearedPage:
    """Drop the dead letters for good that failed like this. The others of their keys are tried again, in order."""
    return await _clear_page(request, body, drop=True)


async def _clear_page(request: Request, body: Matching, *, drop: bool) -> ClearedPage:
    """A request takes a bounded time: what is beyond its limit is left, and said."""
    clearing = Clearing(_desk(request).letters, _wanted(body), drop=drop)
    whole = await clearing.count()
    async with aclosing(clearing.releases(body.limit, whole.last_number)) as pages:
        releases: list[Release] = await anext(pages, [])
    clearance = await _order(request, body.service, releases, left=max(0, whole.letters - body.limit))
    done = await _carry_out(request, clearance)
    return ClearedPage(keys=len(clearance.keys), redriven=done.redriven, dropped=done.dropped, left=clearance.left)


async def _clear(request: Request, service: str, releases: list[Release], missing: list[UUID] | None = None) -> Released:
    """Have the order written down, then carried out key by key.

    Under an Idempotency-Key, a repeat gets the order of the first time, and the ids of the commands follow from it: so it goes
    on where the first one broke off, and answers the same.
    """
    return await _carry_out(request, await _order(request, service, releases, missing or ()))


async def _order(
    request: Request, service: str, releases: Sequence[Release], missing: Sequence[UUID] = (), left: int = 0
) -> Clearance:
    keys = tuple(
        ClearedKey(partition=release.partition, tenant=release.tenant, key=release.key, drop=release.drop)
        for release in releases
    )
    order = OrderClearance(clearance_id=request.new_id(), service=service, keys=keys, missing=tuple(missing), left=left)
    return await request.ask(order)


async def _carry_out(request: Request, clearance: Clearance) -> Released:
    released = [await _release(request, clearance, cleared) for cleared in clearance.keys]
    return Released(redriven=sum(one.redriven for one in released), dropped=sum(one.dropped for one in released))


async def _release(request: Request, clearance: Clearance, cleared: ClearedKey) -> Released:
    return await _desk(request).letters.release(
        Release(
            service=clearance.service, partition=cleared.partition, tenant=cleared.tenant, key=cleared.key, drop=cleared.drop
        ),
        principal=request.principal,
        message_id=derive_id(clearance.clearance_id, f"{cleared.partition}/{cleared.tenant}/{cleared.key}"),
        traceparent=request.trace.header(),
    )


def _wanted(given: _Filter | LetterQuery, *, failed: bool = False) -> LetterFilter:
    return LetterFilter(
        service=given.service,
        tenant=given.tenant,
        key=given.key,
        type=given.type,
        cause=given.cause,
        since=given.parked_from,
        until=given.parked_to,
        failed=failed,
    )


def _desk(request: Request) -> Desk:
    return operators_desk(request, "Dead letters")
