"""The account of a driver, by which the tracker knows who reports."""

from modules.puabo_nexus.fleet.contract import DriverChanged, DriverRegistered, DriverRetired
from modules.puabo_nexus.tracker.queries import assignments
from nexus_actors import Actor, Context, handles


class DriverAccount(Actor[None]):
    """One driver. The row is all that there is of them here."""

    @handles
    async def registered(self, message: DriverRegistered, ctx: Context) -> None:
        """They log in with this account, or with none."""
        await assignments.link(ctx.db, ctx.tenant, message.driver_id, message.user_id)

    @handles
    async def changed(self, message: DriverChanged, ctx: Context) -> None:
        """It may be another account from now on."""
        await assignments.link(ctx.db, ctx.tenant, message.driver_id, message.user_id)

    @handles
    async def retired(self, message: DriverRetired, ctx: Context) -> None:
        """They drive no more."""
        await assignments.link(ctx.db, ctx.tenant, message.driver_id, None)
