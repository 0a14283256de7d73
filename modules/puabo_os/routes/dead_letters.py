"""Dead letters: messages that no attempt could handle, and what waits behind them.

They are those of every tenant, with their content. So they are a matter of the platform: besides the scope, the caller needs
a token of the platform's own tenant. The administrator of another tenant has every scope, and still may not.
"""

from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, Struct

from bus import Refusal, derive_id
from modules.puabo_os.contract import OPERATE, READ, Clearance, ClearedKey, OrderClearance
from modules.puabo_os.desk import Desk
from nexus_actors.context import DEFAULT_TENANT
from nexus_actors.dead_letters import DeadLetter, LetterFilter, Release
from nexus_actors.http import Page, PageQuery, Request, Routes, encode_cursor, found
from nexus_actors.letter_content import LetterContent, content_of
from nexus_actors.runtime.release import Released

MAX_DROPS: Final = 100

routes = Routes(tag="dead letters")

_Name = Annotated[str, Meta(min_length=1, max_length=100)]
_Key = Annotated[str, Meta(max_length=1_000)]


class LetterQuery(PageQuery, frozen=True, kw_only=True):
    """Which dead letters are wanted: of a service, of a key, of a wire type."""

    service: _Name | None = None
    key: _Key | None = None
    type: Annotated[str, Meta(min_length=1, max_length=300)] | None = None


class LetterPlace(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In whose dead letters it lies; one event may lie in those of several services."""

    service: _Name


class Redrive(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which key is to go on. Entries without one are no messages: they cannot be tried again, only dropped."""

    service: _Name
    key: Annotated[_Key, Meta(min_length=1)]


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
    wanted = LetterFilter(service=query.service, key=query.key, type=query.type)
    place = request.cursor(query, _Place)
    letters = await desk.letters.book.page(wanted, after=place.number if place else 0, limit=query.limit + 1)
    page = letters[: query.limit]
    return Page(items=page, next=encode_cursor(_Place(page[-1].number)) if len(letters) > query.limit else None)


@routes.get("/v1/dead-letters/{message_id}", scope=READ)
async def show_dead_letter(request: Request, message_id: UUID, query: LetterPlace) -> LetterContent:
    """Show a dead letter with its content and what went wrong.

    Secrets, by name or by looks, e-mail addresses, telephone and licence numbers are masked; long texts and lists are cut.
    """
    desk = _desk(request)
    opened = await desk.letters.book.opened(LetterFilter(service=query.service, message_id=message_id), limit=1)
    return content_of(found(opened[0] if opened else None, "dead_letter"))


@routes.post("/v1/dead-letters:redrive", scope=OPERATE)
async def redrive_dead_letters(request: Request, body: Redrive) -> Released:
    """Try all dead letters of a key again, in order and under their own ids.

    What fails again is parked again. Mend the cause first.
    """
    desk = _desk(request)
    release = await desk.letters.find_key(body.service, body.key)
    return await _clear(request, body.service, [] if release is None else [release])


@routes.post("/v1/dead-letters:drop", scope=OPERATE)
async def drop_dead_letters(request: Request, body: Drop) -> Released:
    """Drop dead letters for good. The others of their keys are tried again, in order.

    Nothing is dropped where one of the messages is not in the dead letters of the service.
    """
    desk = _desk(request)
    releases, missing = await desk.letters.find_letters(body.message_ids, body.service)
    return await _clear(request, body.service, releases, missing)


async def _clear(request: Request, service: str, releases: list[Release], missing: list[UUID] | None = None) -> Released:
    """Have the order written down, then carried out key by key.

    Under an Idempotency-Key, a repeat gets the order of the first time, and the ids of the commands follow from it: so it goes
    on where the first one broke off, and answers the same.
    """
    keys = tuple(ClearedKey(partition=release.partition, key=release.key, drop=release.drop) for release in releases)
    order = OrderClearance(clearance_id=request.new_id(), service=service, keys=keys, missing=tuple(missing or ()))
    clearance = await request.ask(order)
    released = [await _release(request, clearance, cleared) for cleared in clearance.keys]
    return Released(redriven=sum(one.redriven for one in released), dropped=sum(one.dropped for one in released))


async def _release(request: Request, clearance: Clearance, cleared: ClearedKey) -> Released:
    return await _desk(request).letters.release(
        Release(service=clearance.service, partition=cleared.partition, key=cleared.key, drop=cleared.drop),
        principal=request.principal,
        message_id=derive_id(clearance.clearance_id, f"{cleared.partition}/{cleared.key}"),
        traceparent=request.trace.header(),
    )


def _desk(request: Request) -> Desk:
    if request.tenant != DEFAULT_TENANT:
        detail = f"Dead letters hold messages of every tenant. They are a matter of the tenant {DEFAULT_TENANT} alone."
        raise Refusal.forbidden("platform_only", detail)
    desk: Desk = request.deps
    return desk
