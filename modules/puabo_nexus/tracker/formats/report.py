"""What a device says, as far as it can be read.

A phone sends a report again until it is taken, and keeps all others behind it. So one value that makes no sense costs that
value, not the report, and a report whose place makes no sense still shows that the device lives.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from modules.puabo_nexus.number import number
from modules.puabo_nexus.tracker.contract import DeviceState, Fix

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MILLISECONDS: Final = 100_000_000_000
_QUARTER_TURN: Final = 90.0
_HALF_TURN: Final = 180.0
_FULL_TURN: Final = 360.0
_FULL: Final = 100.0
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}


class Report(Struct, frozen=True):
    """What a device says: who it is, where it was, and how it is.

    Attributes:
        fix: None when it says no place, or none that can be read.
        reasons: why the fix is not to be believed, or is missing: ``unreadable_place``, ``unreadable_time`` (then the fix has
            the instant at which it came), ``marked_invalid``. Empty for a fix like any other, and for a mere sign of life.
    """

    device_id: str
    fix: Fix | None
    reasons: tuple[str, ...]
    state: DeviceState


class Said(Struct, kw_only=True):
    """The values of a report as they were sent, whatever they are: None, texts, numbers, or no values at all.

    Attributes:
        speed_unit_mps: metres per second of one unit of speed.
        battery_full: the level of a full battery.
    """

    timestamp: object = None
    latitude: object = None
    longitude: object = None
    altitude: object = None
    speed: object = None
    heading: object = None
    accuracy: object = None
    valid: object = None
    battery: object = None
    charging: object = None
    ignition: object = None
    speed_unit_mps: float = 1.0
    battery_full: float = _FULL


def report_of(device_id: str, said: Said, now: datetime) -> Report:
    """The report that these values are.

    Args:
        now: the instant of a report that names none, or none that can be read.
    """
    state = DeviceState(
        battery_pct=_scaled(_within(said.battery, 0, said.battery_full), _FULL / said.battery_full),
        charging=flag(said.charging),
        ignition=flag(said.ignition),
    )
    if _is_nothing(said.latitude) and _is_nothing(said.longitude):
        return Report(device_id, None, (), state)
    lat, lon = _within(said.latitude, -_QUARTER_TURN, _QUARTER_TURN), _longitude(said.longitude)
    if lat is None or lon is None:
        return Report(device_id, None, ("unreadable_place",), state)
    fix_at = now if _is_nothing(said.timestamp) else _instant(said.timestamp)
    reasons = ("marked_invalid",) if flag(said.valid) is False else ()
    if fix_at is None:
        reasons = (*reasons, "unreadable_time")
    heading = _within(said.heading, 0, _FULL_TURN)
    fix = Fix(
        fix_at=fix_at or now,
        lat=lat,
        lon=lon,
        altitude_m=_within(said.altitude, -12_000, 100_000),
        speed_mps=_within(_scaled(number(said.speed), said.speed_unit_mps), 0, 10_000),
        heading_deg=heading % _FULL_TURN if heading is not None else None,
        accuracy_m=_within(said.accuracy, 0, 50_000_000),
        battery_pct=state.battery_pct,
        charging=state.charging,
        ignition=state.ignition,
    )
    return Report(device_id, fix, reasons, state)


def flag(value: object) -> bool | None:
    """The truth that a value is or says; None when it is none."""
    return value if isinstance(value, bool) else _FLAGS.get(str(value).lower())


def _is_nothing(value: object) -> bool:
    return value is None or value == ""


def _scaled(value: float | None, factor: float) -> float | None:
    return value * factor if value is not None else None


def _within(value: object, low: float, high: float) -> float | None:
    """None, too, for what lies outside: a negative speed, heading, accuracy or level says that the device does not know it."""
    found = number(value)
    return found if found is not None and low <= found <= high else None


def _longitude(value: object) -> float | None:
    """In -180 to 180: some count to 360, and rounding carries others a little past 180."""
    lon = _within(value, -_FULL_TURN, _FULL_TURN)
    return lon if lon is None or abs(lon) <= _HALF_TURN else (lon + _HALF_TURN) % _FULL_TURN - _HALF_TURN


def _instant(value: object) -> datetime | None:
    """Seconds or milliseconds since 1970, told apart by size (the bound is in 1973 in milliseconds), or ISO 8601 (UTC)."""
    seconds = number(value)
    try:
        if seconds is not None:
            return _EPOCH + timedelta(seconds=seconds if abs(seconds) < _FIRST_MILLISECONDS else seconds / 1000)
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
        return instant.replace(tzinfo=UTC) if instant and instant.tzinfo is None else instant and instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
