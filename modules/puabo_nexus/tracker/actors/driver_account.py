"""The account of a driver, by which the tracker knows who reports."""

from uuid import UUID

from modules.puabo_nexus.fleet.contract import DriverChanged, DriverErased, DriverRegistered, DriverRetired
from modules.puabo_nexus.tracker.tables import DRIVERS, Driver
from nexus_actors import Actor, Context, handles


class DriverAccount(Actor[None]):
    """One driver. The row is all that there is of them here."""

    @handles
    async def registered(self, message: DriverRegistered, ctx: Context) -> None:
        """They log in with this account, or with none."""
        await _link(ctx, message.driver_id, message.user_id)

    @handles
    async def changed(self, message: DriverChanged, ctx: Context) -> None:
        """It may be another account from now on."""
        await _link(ctx, message.driver_id, message.user_id)

    @handles
    async def retired(self, message: DriverRetired, ctx: Context) -> None:
        """They drive no more."""
        await _link(ctx, message.driver_id, None)

    @handles
    async def erased(self, message: DriverErased, ctx: Context) -> None:
        """They are nobody any more."""
        await _link(ctx, message.driver_id, None)


async def _link(ctx: Context, driver_id: UUID, user_id: UUID | None) -> None:
    if user_id is None:
        await ctx.db.execute("DELETE FROM drivers WHERE tenant = $1 AND driver_id = $2", ctx.tenant, driver_id)
    else:
        await DRIVERS.keep(ctx, Driver(driver_id=driver_id, user_id=user_id))
