"""Geofences: drawn, changed, removed."""

from functools import partial

import msgspec
from msgspec.structs import replace

from bus import Refusal
from modules.puabo_nexus.location.contract import (
    MAX_NAME,
    ChangeGeofence,
    CreateGeofence,
    DeleteGeofence,
    Geofence,
    GeofenceChanged,
    GeofenceCreated,
    GeofenceDeleted,
    Shape,
)
from modules.puabo_nexus.location.domain.shapes import checked, region_of
from modules.puabo_nexus.location.queries import geofences as queries
from nexus_actors import Actor, Context, handles
from nexus_actors.form import Form
from nexus_actors.typed_line import one_line

_INSERT = """
INSERT INTO geofences (tenant, geofence_id, name, shape, area, created_at, changed_at)
VALUES ($1, $2, $3, $4, box(point($5, $6), point($7, $8)), $9, $9)
"""
_UPDATE = """
UPDATE geofences SET name = $3, shape = $4, area = box(point($5, $6), point($7, $8)), version = $9, changed_at = $10
WHERE tenant = $1 AND geofence_id = $2
"""
_DELETE = "DELETE FROM geofences WHERE tenant = $1 AND geofence_id = $2"


class GeofenceActor(Actor[None]):
    """One geofence. Its row is the truth; vehicles read it in their own turns."""

    @handles
    async def create(self, message: CreateGeofence, ctx: Context) -> Geofence:
        """Draw it."""
        name, shape = _checked_name(message.name), checked(message.shape)
        if await queries.exists(ctx.db, ctx.tenant, message.geofence_id):
            raise Refusal.conflict("geofence_exists", "There is a geofence under this id already. Use a new id.")
        await ctx.db.execute(_INSERT, ctx.tenant, message.geofence_id, name, *_stored(shape), ctx.now)
        ctx.publish(GeofenceCreated(geofence_id=message.geofence_id, geofence_version=1, name=name, shape=shape))
        return Geofence(
            geofence_id=message.geofence_id, name=name, shape=shape, version=1, created_at=ctx.now, changed_at=ctx.now
        )

    @handles
    async def change(self, message: ChangeGeofence, ctx: Context) -> Geofence:
        """Give it another name or shape."""
        old = await _existing(message, ctx)
        name, shape = _checked_name(message.name), checked(message.shape)
        if (name, shape) == (old.name, old.shape):
            return old
        new = replace(old, name=name, shape=shape, version=old.version + 1, changed_at=ctx.now)
        await ctx.db.execute(_UPDATE, ctx.tenant, new.geofence_id, name, *_stored(shape), new.version, ctx.now)
        ctx.publish(GeofenceChanged(geofence_id=new.geofence_id, geofence_version=new.version, name=name, shape=shape))
        return new

    @handles
    async def delete(self, message: DeleteGeofence, ctx: Context) -> Geofence:
        """Remove it. Whoever is inside notices with the next fix."""
        old = await _existing(message, ctx)
        await ctx.db.execute(_DELETE, ctx.tenant, old.geofence_id)
        ctx.publish(GeofenceDeleted(geofence_id=old.geofence_id, geofence_version=old.version))
        return old


async def _existing(message: ChangeGeofence | DeleteGeofence, ctx: Context) -> Geofence:
    geofence = await queries.geofence(ctx.db, ctx.tenant, message.geofence_id)
    if geofence is None:
        raise Refusal.not_found("geofence_not_found", "There is no geofence with this id. Look it up in the list of geofences.")
    if message.expected_version is not None and message.expected_version != geofence.version:
        detail = (
            f"The geofence is at version {geofence.version}, not {message.expected_version}. "
            "Read it again and repeat the change on what you find."
        )
        raise Refusal.precondition("version_mismatch", detail)
    return geofence


def _checked_name(name: str) -> str:
    form = Form("geofence")
    read = form.read("name", partial(one_line, longest=MAX_NAME), name)
    form.finish()
    return read


def _stored(shape: Shape) -> tuple[bytes, float, float, float, float]:
    """A shape as JSON, and the corners of its bounds."""
    box = region_of(shape).box
    return msgspec.json.encode(shape), box.west, box.south, box.east, box.north
