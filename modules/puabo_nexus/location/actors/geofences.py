"""Geofences: drawn, changed, removed."""

from msgspec.structs import replace

from bus import Refusal
from modules.geography.off_loop import done
from modules.puabo_nexus.location.contract import (
    ChangeGeofence,
    CreateGeofence,
    DeleteGeofence,
    Geofence,
    GeofenceChanged,
    GeofenceCreated,
    GeofenceDeleted,
)
from modules.puabo_nexus.location.domain.shapes import checked, weight_of
from modules.puabo_nexus.location.queries.geofences import MOST_GEOFENCES, is_full
from modules.puabo_nexus.location.tables import GEOFENCES
from nexus_actors import Actor, Context, handles


class GeofenceActor(Actor[None]):
    """One geofence. Its row is the truth; vehicles read it in their own turns."""

    @handles
    async def create(self, message: CreateGeofence, ctx: Context) -> Geofence:
        """Draw it."""
        if await is_full(ctx):
            detail = f"A tenant has at most {MOST_GEOFENCES} geofences. Remove one, or put areas that mean the same into one."
            raise Refusal.conflict("too_many_geofences", detail)
        shape = await done(weight_of(message.shape), checked, message.shape)
        made = message.made(shape=shape, version=1, created_at=ctx.now, changed_at=ctx.now)
        new = await GEOFENCES.add(ctx, made)
        ctx.publish(GeofenceCreated(geofence_id=new.geofence_id, geofence_version=1, name=new.name, shape=new.shape))
        return new

    @handles
    async def change(self, message: ChangeGeofence, ctx: Context) -> Geofence:
        """Give it another name or shape."""
        old = await GEOFENCES.expect(ctx, message)
        asked = replace(old, name=message.name, shape=await done(weight_of(message.shape), checked, message.shape))
        if asked == old:
            return old
        new = await GEOFENCES.change(ctx, old, replace(asked, changed_at=ctx.now))
        ctx.publish(GeofenceChanged(geofence_id=new.geofence_id, geofence_version=new.version, name=new.name, shape=new.shape))
        return new

    @handles
    async def delete(self, message: DeleteGeofence, ctx: Context) -> Geofence:
        """Remove it. Whoever is inside notices with the next fix."""
        old = await GEOFENCES.expect(ctx, message)
        await GEOFENCES.remove(ctx, old)
        ctx.publish(GeofenceDeleted(geofence_id=old.geofence_id, geofence_version=old.version))
        return old
