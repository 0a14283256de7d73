"""Drivers: what people say of them."""

from uuid import UUID

from msgspec import UnsetType
from msgspec.structs import replace

from bus import Refusal
from modules.puabo_nexus.fleet.actors.engagement import is_driver_engaged
from modules.puabo_nexus.fleet.contract import (
    ChangeDriver,
    Driver,
    DriverChanged,
    DriverRegistered,
    DriverRetired,
    RegisterDriver,
    RetireDriver,
)
from modules.puabo_nexus.fleet.domain.identifier import licence_number, phone
from modules.puabo_nexus.fleet.domain.text import person_name
from modules.puabo_nexus.fleet.domain.version import check_version
from modules.puabo_nexus.fleet.queries import drivers as queries
from nexus_actors import Actor, Context, handles
from nexus_actors.form import Form

_UPDATE = """
UPDATE drivers SET name = $3, phone = $4, licence_number = $5, user_id = $6, version = version + 1
WHERE tenant = $1 AND driver_id = $2
"""
_RETIRE = "UPDATE drivers SET status = 'retired', version = version + 1 WHERE tenant = $1 AND driver_id = $2"


class DriverActor(Actor[None]):
    """One driver. Their row is the truth; nothing is kept beside it."""

    @handles
    async def register(self, message: RegisterDriver, ctx: Context) -> Driver:
        """Take them into the fleet."""
        form = Form("driver")
        driver = Driver(
            driver_id=message.driver_id,
            name=form.read("name", person_name, message.name),
            phone=form.read_optional("phone", phone, message.phone),
            licence_number=form.read_optional("licence_number", licence_number, message.licence_number),
            status="active",
            registered_at=ctx.now,
            version=1,
            user_id=message.user_id,
        )
        form.finish()
        if await queries.driver(ctx.db, ctx.tenant, driver.driver_id) is not None:
            raise Refusal.conflict("driver_exists", "A driver is registered under this id already. Use a new id.")
        await _check_free(ctx, driver)
        _insert(ctx, driver)
        ctx.publish(DriverRegistered(driver_id=driver.driver_id, name=driver.name, user_id=driver.user_id))
        return driver

    @handles
    async def change(self, message: ChangeDriver, ctx: Context) -> Driver:
        """Change what is registered of them."""
        old = await _active(ctx, message.driver_id, message.expected_version)
        form = Form("driver")
        new = replace(
            old,
            name=form.read_change("name", person_name, message.name, old.name),
            phone=form.read_optional_change("phone", phone, message.phone, old.phone),
            licence_number=form.read_optional_change(
                "licence_number", licence_number, message.licence_number, old.licence_number
            ),
            user_id=old.user_id if isinstance(message.user_id, UnsetType) else message.user_id,
        )
        form.finish()
        if new == old:
            return old
        await _check_free(ctx, new)
        # Should another worker take the account right now, the unique index fails this turn, and its repeat is refused above.
        await ctx.db.execute(_UPDATE, ctx.tenant, old.driver_id, new.name, new.phone, new.licence_number, new.user_id)
        ctx.publish(DriverChanged(driver_id=old.driver_id, name=new.name, user_id=new.user_id))
        return replace(new, version=old.version + 1)

    @handles
    async def retire(self, message: RetireDriver, ctx: Context) -> Driver:
        """Take them out of the fleet, unless they carry something."""
        old = await _active(ctx, message.driver_id, message.expected_version)
        if await is_driver_engaged(ctx, old.driver_id):
            detail = "The driver carries deliveries. Wait until they are delivered, or cancel them, and retire the driver then."
            raise Refusal.conflict("driver_in_use", detail)
        await ctx.db.execute(_RETIRE, ctx.tenant, old.driver_id)
        ctx.publish(DriverRetired(driver_id=old.driver_id))
        return replace(old, status="retired", version=old.version + 1)


def _insert(ctx: Context, driver: Driver) -> None:
    ctx.db.insert(
        "drivers",
        tenant=ctx.tenant,
        driver_id=driver.driver_id,
        name=driver.name,
        phone=driver.phone,
        licence_number=driver.licence_number,
        user_id=driver.user_id,
        registered_at=driver.registered_at,
    )


async def _check_free(ctx: Context, driver: Driver) -> None:
    if driver.user_id is not None and await queries.is_taken(ctx.db, ctx.tenant, driver.driver_id, driver.user_id):
        raise Refusal.conflict("account_taken", "Another active driver has this account. Change or retire that one first.")


async def _active(ctx: Context, driver_id: UUID, expected_version: int | None) -> Driver:
    driver = await queries.driver(ctx.db, ctx.tenant, driver_id)
    if driver is None:
        raise Refusal.not_found("driver_not_found", "There is no driver with this id. Look it up in the list.")
    check_version("driver", driver.version, expected_version)
    if driver.status == "retired":
        raise Refusal.conflict("driver_retired", "The driver is retired. Register them anew.")
    return driver
