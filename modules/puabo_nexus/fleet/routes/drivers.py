"""Drivers over HTTP."""

from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from modules.puabo_nexus.fleet.contract import (
    READ,
    WRITE,
    ChangeDriver,
    Driver,
    LicenceText,
    MemberStatus,
    NameText,
    PhoneText,
    RegisterDriver,
    RetireDriver,
)
from modules.puabo_nexus.fleet.queries import drivers as queries
from modules.puabo_nexus.fleet.queries.cursor import AgeCursor
from modules.puabo_nexus.fleet.routes.page import page_of
from nexus_actors.http import Page, PageQuery, Request, Routes, found

routes = Routes(tag="drivers")


class DriverDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A driver who is to join the fleet.

    Attributes:
        phone: number with the country's code; spaces and marks are left out of what is kept.
        user_id: the account that they log in with, as auth-ms names it. With it they may report positions of the vehicles that
            they are assigned to.
    """

    name: NameText
    phone: PhoneText | None = None
    licence_number: LicenceText | None = None
    user_id: UUID | None = None


class DriverChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change; null clears a field, what is left out stays (as in RFC 7396)."""

    name: NameText | UnsetType = UNSET
    phone: PhoneText | UnsetType | None = UNSET
    licence_number: LicenceText | UnsetType | None = UNSET
    user_id: UUID | UnsetType | None = UNSET


class DriverQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which drivers to list: those of a status, or all."""

    status: MemberStatus | None = None


@routes.post("/v1/drivers", scope=WRITE, status=201)
async def register_driver(request: Request, body: DriverDraft) -> Driver:
    """Register a driver."""
    return await request.ask(
        RegisterDriver(
            driver_id=request.new_id(),
            name=body.name,
            phone=body.phone,
            licence_number=body.licence_number,
            user_id=body.user_id,
        )
    )


@routes.get("/v1/drivers", scope=READ)
async def list_drivers(request: Request, query: DriverQuery) -> Page[Driver]:
    """List the drivers, the first to join first."""
    items = await queries.drivers(
        request.db,
        request.tenant,
        status=query.status,
        after=request.cursor(query, AgeCursor),
        limit=query.limit + 1,
    )
    return page_of(items, query.limit, lambda driver: AgeCursor(driver.registered_at, driver.driver_id))


@routes.get("/v1/drivers/{driver_id}", scope=READ)
async def get_driver(request: Request, driver_id: UUID) -> Driver:
    """Show a driver."""
    return found(await queries.driver(request.db, request.tenant, driver_id), "driver")


@routes.patch("/v1/drivers/{driver_id}", scope=WRITE)
async def change_driver(request: Request, driver_id: UUID, body: DriverChange) -> Driver:
    """Change a driver. Send their ETag as If-Match to change only what you have read."""
    return await request.ask(
        ChangeDriver(
            driver_id=driver_id,
            expected_version=request.expected_version,
            name=body.name,
            phone=body.phone,
            licence_number=body.licence_number,
            user_id=body.user_id,
        )
    )


@routes.post("/v1/drivers/{driver_id}:retire", scope=WRITE)
async def retire_driver(request: Request, driver_id: UUID) -> Driver:
    """Retire a driver who carries nothing."""
    return await request.ask(RetireDriver(driver_id=driver_id, expected_version=request.expected_version))
