"""What the fleet service is asked beyond single rows and lists of them."""

from uuid import UUID

from modules.puabo_nexus.fleet.tables import DRIVERS
from nexus_actors.tables import Here


async def driver_of(here: Here, subject: str) -> UUID | None:
    """The active driver who logs in with an account; None where there is none."""
    try:
        user_id = UUID(subject)
    except ValueError:
        return None
    drivers = await DRIVERS.select(here, "status = 'active' AND user_id = $2", user_id)
    return drivers[0].driver_id if drivers else None
