"""Reading reports of the OsmAnd protocol: the query form of OsmAnd and older Traccar clients, and the JSON of newer ones.

Source: traccar.org/osmand. A query gives the speed in knots, JSON in metres per second; a negative speed or heading means that
the phone does not know it. What has no place in a `Fix` (battery, activity, sensors) is passed over.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn

import msgspec
from msgspec import Struct

from bus import FieldError, Refusal
from modules.puabo_nexus.tracker.contract import Fix

MPS_PER_KNOT: Final = 1852 / 3600

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MILLISECONDS: Final = 100_000_000_000
_FULL_TURN: Final = 360.0
_DECIMAL: Final = re.compile(r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})([eE][+-]?\d{1,2})?")
_NO: Final = frozenset({"false", "0"})


class Report(Struct, frozen=True):
    """What a device says: who it is, and where it was."""

    device_id: str
    fix: Fix


class _Coordinates(Struct, frozen=True):
    latitude: float
    longitude: float
    accuracy: float | None = None
    speed: float | None = None
    heading: float | None = None
    altitude: float | None = None


class _Location(Struct, frozen=True):
    timestamp: str
    coords: _Coordinates


class _Document(Struct, frozen=True):
    device_id: str
    location: _Location


def read_query(parameters: Mapping[str, str], now: datetime) -> Report:
    """The report in the parameters of a query or a form.

    Args:
        now: the instant of a report that names none.

    Raises:
        Refusal: it names no device or no place, or a value is not one.
    """
    device_id = parameters.get("id") or parameters.get("deviceid")
    if not device_id:
        _refuse("id", "Say which device reports: id=...")
    if parameters.get("valid", "").lower() in _NO:
        _refuse("valid", "The device itself does not trust this position; send those that it trusts.")
    lat, lon = _place(parameters)
    speed = _number(parameters, "speed")
    stamp = parameters.get("timestamp")
    values = {
        "fix_at": now if stamp is None else _instant(stamp, "query.timestamp"),
        "lat": lat,
        "lon": lon,
        "altitude_m": _number(parameters, "altitude"),
        "speed_mps": speed * MPS_PER_KNOT if speed is not None else None,
        "heading_deg": _number(parameters, "bearing" if "bearing" in parameters else "heading"),
        "accuracy_m": _number(parameters, "accuracy"),
    }
    return Report(device_id, _fix(values, "query"))


def read_json(body: bytes) -> Report:
    """The report in a JSON document.

    Raises:
        Refusal: it is no JSON, or no report.
    """
    try:
        document = msgspec.json.decode(body, type=_Document)
    except msgspec.ValidationError as error:
        _refuse("$", str(error), "")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal.malformed("malformed", f"The body is not JSON that can be read: {error}.") from error
    coords = document.location.coords
    values = {
        "fix_at": _instant(document.location.timestamp, "$.location.timestamp"),
        "lat": coords.latitude,
        "lon": coords.longitude,
        "altitude_m": coords.altitude,
        "speed_mps": coords.speed,
        "heading_deg": coords.heading,
        "accuracy_m": coords.accuracy,
    }
    return Report(document.device_id, _fix(values, "$.location.coords"))


def _place(parameters: Mapping[str, str]) -> tuple[float, float]:
    if "location" in parameters:
        lat, comma, lon = parameters["location"].partition(",")
        if not comma:
            _refuse("location", "Write it as latitude,longitude.")
        return _decimal(lat, "location"), _decimal(lon, "location")
    lat_deg, lon_deg = _number(parameters, "lat"), _number(parameters, "lon")
    if lat_deg is None or lon_deg is None:
        _refuse("lat", "Only reports with a place are taken: send lat and lon, or location.")
    return lat_deg, lon_deg


def _number(parameters: Mapping[str, str], name: str) -> float | None:
    text = parameters.get(name)
    return _decimal(text, name) if text else None


def _decimal(text: str, name: str) -> float:
    if _DECIMAL.fullmatch(text) is None:
        _refuse(name, "Write a number with a decimal point.")
    return float(text)


def _instant(text: str, field: str) -> datetime:
    """Seconds or milliseconds since 1970, told apart by size (the bound is in 1973 in milliseconds), or ISO 8601 (UTC)."""
    try:
        if _DECIMAL.fullmatch(text) is not None:
            number = float(text)
            return _EPOCH + timedelta(seconds=number if abs(number) < _FIRST_MILLISECONDS else number / 1000)
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        _refuse(field, "Write seconds or milliseconds since 1970, or ISO 8601 as in 2020-12-18T06:15:50Z.", "")


def _fix(values: dict[str, object], root: str) -> Fix:
    """Unknown (negative) speeds, headings and accuracies left out, a heading of 360 degrees is north."""
    for name in ("speed_mps", "heading_deg", "accuracy_m"):
        value = values[name]
        if isinstance(value, float) and value < 0:
            values[name] = None
    heading = values["heading_deg"]
    if isinstance(heading, float):
        values["heading_deg"] = heading % _FULL_TURN
    try:
        return msgspec.convert(values, Fix)
    except msgspec.ValidationError as error:
        _refuse(root, str(error), "")


def _refuse(field: str, reason: str, place: str = "query.") -> NoReturn:
    raise Refusal.invalid(
        "invalid", "The report was not taken. Correct it and send it again.", FieldError(place + field, reason)
    )
