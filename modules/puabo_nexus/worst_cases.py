"""What is hardest for the services of PUABO NEXUS; see `nexus_actors.worst_case`."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from math import cos, pi, sin
from typing import Final
from uuid import UUID

from modules.puabo_nexus.fleet.contract import VehicleRegistered
from modules.puabo_nexus.location.contract import CreateGeofence, Polygon
from modules.puabo_nexus.tracker.contract import MAX_FIXES, Fix, PositionsRecorded, RecordPositions
from nexus_actors.worst_case import Strained, WorstCase

_START: Final = datetime.now(UTC) - timedelta(days=4)
_CORNERS: Final = 998
_TOOTH_DEG: Final = 0.999
_APART_DEG: Final = 0.0001
_JUMP_S: Final = 70
_RADIUS_DEG: Final = 0.2
_FENCES: Final = 150
_ORDINARY_FIXES: Final = 400
_TRIP_FIXES: Final = 100_000

Corner = tuple[float, float]


def _number(kind: int, number: int) -> UUID:
    """An id of a version that services take, the same in every run."""
    return UUID(f"018f0000-0000-7000-8{kind:03x}-{number:012x}")


def _fence(number: int, corners: Sequence[Corner]) -> CreateGeofence:
    return CreateGeofence(
        geofence_id=_number(1, number), name=f"Fence {number}", shape=Polygon(coordinates=((*corners, corners[0]),))
    )


def _comb() -> list[Corner]:
    """A back in the south, and teeth that reach north from it: one way across it meets each of them twice."""
    teeth = (_CORNERS - 2) // 4
    corners: list[Corner] = [(-_APART_DEG, -_APART_DEG), (2 * teeth * _APART_DEG, -_APART_DEG)]
    for tooth in reversed(range(teeth)):
        west, east = 2 * tooth * _APART_DEG, (2 * tooth + 1) * _APART_DEG
        corners += [(east, 0.0), (east, _TOOTH_DEG), (west, _TOOTH_DEG), (west, 0.0)]
    return corners


def _disc(number: int) -> list[Corner]:
    """A round area of many corners, a little beside the one before."""
    turns = [2 * pi * step / (_CORNERS - 1) for step in range(_CORNERS - 1)]
    return [(10 + number * _APART_DEG + _RADIUS_DEG * cos(turn), _RADIUS_DEG * sin(turn)) for turn in turns]


def _fixes(spots: Iterable[Corner], apart_s: float) -> tuple[Fix, ...]:
    return tuple(
        Fix(fix_at=_START + timedelta(seconds=apart_s * number), lat=lat, lon=lon) for number, (lon, lat) in enumerate(spots)
    )


async def _draw_comb(platform: Strained) -> None:
    await platform.ask(_fence(0, _comb()))


async def _draw_discs(platform: Strained) -> None:
    for number in range(1, _FENCES + 1):
        await platform.ask(_fence(number, _disc(number)))


async def _jump(platform: Strained, vehicle: UUID, count: int) -> None:
    """Jump through all teeth of the comb, there and back again."""
    beyond = (_CORNERS // 2) * _APART_DEG
    spots = [(-2 * _APART_DEG if number % 2 else beyond, _TOOTH_DEG / 2) for number in range(count)]
    await platform.publish(PositionsRecorded(vehicle_id=vehicle, fixes=_fixes(spots, _JUMP_S)))
    await platform.settle()


async def _jump_120(platform: Strained, number: int) -> None:
    await _jump(platform, _number(2, number), 120)


async def _jump_300(platform: Strained, number: int) -> None:
    await _jump(platform, _number(3, number), 300)


async def _cross_discs(platform: Strained, number: int) -> None:
    """Out of the middle of all fences and back again."""
    spots = [(10.0, 1.5 * _RADIUS_DEG if step % 2 else 0.01) for step in range(_ORDINARY_FIXES)]
    await platform.publish(PositionsRecorded(vehicle_id=_number(4, number), fixes=_fixes(spots, 10 * _JUMP_S)))
    await platform.settle()


def _on_the_road(second: float) -> Fix:
    """Ten metres a second to the north."""
    return Fix(fix_at=_START + timedelta(seconds=second), lat=second * 0.00009 - 45, lon=10.0)


async def _drive(platform: Strained) -> None:
    vehicle = _number(5, 0)
    await platform.publish(VehicleRegistered(vehicle_id=vehicle, plate="LONG 1", device_id=None))
    await platform.settle()
    for start in range(0, _TRIP_FIXES, MAX_FIXES):
        fixes = tuple(_on_the_road(2 * second) for second in range(start, start + MAX_FIXES))
        await platform.ask(RecordPositions(vehicle_id=vehicle, fixes=fixes))


async def _come_late(platform: Strained, number: int) -> None:
    """One fix between the first ones of a trip."""
    await platform.ask(RecordPositions(vehicle_id=_number(5, 0), fixes=(_on_the_road(2 * number + 1),)))


worst_cases: Sequence[WorstCase] = (
    WorstCase(service="location-ms", title="comb fence, 120 fixes through all teeth", prepare=_draw_comb, run=_jump_120),
    WorstCase(service="location-ms", title="comb fence, 300 fixes through all teeth", prepare=_draw_comb, run=_jump_300),
    WorstCase(service="location-ms", title="150 fences of 998 corners, 400 fixes", prepare=_draw_discs, run=_cross_discs),
    WorstCase(service="tracker-ms", title="late fix into a trip of 100,000 fixes", prepare=_drive, run=_come_late),
)
