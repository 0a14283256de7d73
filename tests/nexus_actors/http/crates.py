"""A small service with a route of every kind."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import anyio
import msgspec
from msgspec import Meta, Struct

from bus import Command, Topic
from nexus_actors.http import Page, PageQuery, RateLimit, Raw, Request, Routes, encode_cursor, found
from nexus_actors.principal import Principal

DEPOT = Topic("depot-ms")
CRATE = UUID("01950000-0000-7000-8000-000000000001")


class Crate(Struct, frozen=True, kw_only=True):
    crate_id: UUID
    label: str
    version: int = 1


class Note(Struct, frozen=True, kw_only=True):
    text: str


class PackCrate(Command[Crate], topic=DEPOT, key="crate_id", scope="depot:write"):
    """Pack a crate."""

    crate_id: UUID
    label: str
    expected_version: int | None = None


class Fix(Struct, frozen=True, forbid_unknown_fields=True):
    lat: Annotated[float, Meta(ge=-90, le=90)]
    count: int = 0


class CrateDraft(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    label: Annotated[str, Meta(min_length=1, max_length=20)]
    fixes: list[Fix] = []
    due_at: Annotated[datetime, Meta(tz=True)] | None = None


class CrateQuery(PageQuery, frozen=True, kw_only=True):
    state: list[Literal["open", "closed"]] = msgspec.field(default_factory=list)
    min_weight_g: Annotated[int, Meta(ge=0)] | None = None
    max_load: float | None = None
    fragile: bool | None = None
    text: str | None = None


class Seen(Struct, frozen=True, kw_only=True):
    """What a handler got, sent back to the test."""

    limit: int = 0
    state: list[str] = []
    min_weight_g: int | None = None
    max_load: float | None = None
    fragile: bool | None = None
    text: str | None = None


class Gates:
    """Holds handlers back until a test lets them go."""

    def __init__(self) -> None:
        self.entered = anyio.Event()
        self.open = anyio.Event()


crates = Routes(tag="crates")


@crates.post("/v1/crates", scope="depot:write", status=201)
async def pack_crate(request: Request, body: CrateDraft) -> Crate:
    """Pack a crate.

    The crate is packed under a new id.
    """
    return await request.ask(PackCrate(crate_id=request.new_id(), label=body.label))


@crates.get("/v1/crates/{crate_id}", scope="depot:read")
async def get_crate(request: Request, crate_id: UUID) -> Crate:
    """Show a crate."""
    row = await request.db.fetchrow("SELECT label", request.tenant, crate_id)
    label = found(row, "crate")["label"]
    return Crate(crate_id=crate_id, label=label, version=7)


@crates.get("/v1/crates", scope="depot:read")
async def list_crates(request: Request, query: CrateQuery) -> Page[Note]:
    """List the crates."""
    start = request.cursor(query, tuple[int, str])
    seen = Seen(
        limit=query.limit,
        state=list(query.state),
        min_weight_g=query.min_weight_g,
        max_load=query.max_load,
        fragile=query.fragile,
        text=query.text,
    )
    items = [Note(text=msgspec.json.encode(seen).decode())]
    return Page(items=items, next=encode_cursor((1, "a")) if start is None else None)


@crates.post("/v1/crates/{crate_id}:seal", scope="depot:write")
async def seal_crate(request: Request, crate_id: UUID) -> Crate:
    return await request.ask(PackCrate(crate_id=crate_id, label="sealed", expected_version=request.expected_version))


@crates.patch("/v1/crates/{crate_id}", scope="depot:write")
async def change_crate(request: Request, crate_id: UUID, body: CrateDraft) -> Crate:
    versions = request.expected_versions
    return Crate(crate_id=crate_id, label=body.label, version=max(versions, default=0) if versions else 0)


@crates.delete("/v1/crates/{crate_id}", scope="depot:write")
async def drop_crate(crate_id: UUID) -> None:
    """Drop a crate."""


odds = Routes(tag="odds")


@odds.get("/v1/label/{name}", scope=None)
async def show_label(request: Request, name: str) -> Note:
    """Show a label, to everybody."""
    return Note(text=f"{name} {request.remote_ip} {request.caller}")


@odds.get("/v1/slow", scope=None)
async def wait(request: Request) -> Note:
    request.deps.entered.set()
    await request.deps.open.wait()
    return Note(text="done")


@odds.get("/v1/broken", scope=None)
async def break_down() -> Note:
    raise RuntimeError("the secret is 42")


@odds.get("/v1/ends/{how}", scope=None)
async def end(how: str) -> Note:
    raise {"process": SystemExit("the secret is 42"), "task": asyncio.CancelledError(), "coroutine": GeneratorExit()}[how]


@odds.get("/v1/wrong", scope=None)
async def answer_wrongly() -> Note:
    return Principal(subject="ana", tenant="acme")  # type: ignore[return-value]  # what the test is about


@odds.get("/v1/tenant", scope=None)
async def ask_for_tenant(request: Request) -> Note:
    return Note(text=request.tenant)


@odds.get("/v1/rare", scope=None, rate_limit=RateLimit(requests=60, per_s=60, burst=2, by="address"))
async def come_rarely() -> Note:
    return Note(text="ok")


@odds.get("/v1/rare-by-caller", scope="depot:read", rate_limit=RateLimit(requests=1, per_s=60))
async def come_rarely_by_caller() -> Note:
    return Note(text="ok")


@odds.post("/v1/small", scope=None, body_limit_bytes=64)
async def take_little(body: CrateDraft) -> None:
    """Take a small body."""


@odds.post("/v1/anything", scope=None)
async def take_anything(body: msgspec.Raw) -> Raw:
    return Raw(bytes(body), "application/json")


@odds.post("/v1/tracks", scope=None, accepts=("application/gpx+xml", "text/xml"), body_limit_bytes=100)
async def take_track(body: bytes) -> Raw:
    return Raw(body=body, content_type="application/gpx+xml", status=202, headers={"Content-Disposition": "attachment"})


@odds.get("/v1/device", scope=None)
async def take_device(query: dict[str, str]) -> Note:
    return Note(text=",".join(f"{name}={text}" for name, text in query.items()))
