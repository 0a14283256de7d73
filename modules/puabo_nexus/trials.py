"""What PUABO NEXUS tries of a platform; see `nexus_actors.trial`."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import anyio
from msgspec import Struct

from bus import Envelope
from modules.puabo_nexus.fleet.contract import Vehicle
from modules.puabo_nexus.location.contract import LOCATION, DeleteGeofence, Geofence, GeofenceCreated
from nexus_actors.demo import DemoFailed, Visitor
from nexus_actors.http import Page
from nexus_actors.trial import Trial

_TOKENS: Final = "TOKEN FLOW"
_WITHIN_S: Final = 15.0
_LOOK_AGAIN_S: Final = 0.05
# A hundred metres of sea, farther from any land than all other places (Point Nemo).
_RING: Final = ((-123.393, -48.877), (-123.392, -48.877), (-123.392, -48.876), (-123.393, -48.876), (-123.393, -48.877))


class _Validation(Struct, frozen=True):
    """The part of the answer of auth-ms that is looked at."""

    active: bool
    subject: str


async def _read_vehicles(platform: Visitor) -> str:
    page = await platform.get("fleet-service", "/v1/vehicles?limit=1", Page[Vehicle])
    return f"fleet-service takes the token ({len(page.items)} vehicle{'' if len(page.items) == 1 else 's'} read)"


async def _validate(platform: Visitor) -> str:
    validation = await platform.get("auth-ms", "/auth/validate", _Validation)
    if not validation.active:
        raise DemoFailed("auth-ms calls its own token no good. See: nexus logs auth-ms")
    return f"auth-ms knows it as a token of {validation.subject}"


async def _follow_event(platform: Visitor) -> str:
    """A geofence by HTTP, a command in Redis, a turn in PostgreSQL, an event through the outbox back in Redis, and seen."""
    body = {"name": "Verification", "shape": {"type": "Polygon", "coordinates": [_RING]}}
    async with platform.watch([LOCATION]) as seen:
        asked_at = platform.now()
        fence = await platform.post("location-ms", "/v1/geofences", body, Geofence)
        try:
            await _until_seen(seen, fence.geofence_id)
            took_s = (platform.now() - asked_at).total_seconds()
        finally:
            with anyio.CancelScope(shield=True):
                command = f"/v1/commands/{DeleteGeofence.wire_type()}"
                await platform.post("puabo-os", command, {"geofence_id": fence.geofence_id}, object)
    return f"{GeofenceCreated.wire_type()} came {took_s:.2f} s after it was asked for"


async def _until_seen(seen: Sequence[Envelope], geofence_id: UUID) -> None:
    with anyio.move_on_after(_WITHIN_S):
        while not any(e.type == GeofenceCreated.wire_type() and e.subject == str(geofence_id) for e in seen):  # noqa: ASYNC110
            await anyio.sleep(_LOOK_AGAIN_S)
        return
    raise DemoFailed(f"No event came within {_WITHIN_S:g} s of a geofence's creation. See: nexus status")


trials: Sequence[Trial] = (
    Trial(section=_TOKENS, title="Business service", services=("fleet-service",), run=_read_vehicles),
    Trial(section=_TOKENS, title="Verify with auth", services=("auth-ms",), run=_validate),
    Trial(section="EVENTS", title="End to end", services=("location-ms", "puabo-os"), run=_follow_event),
)
