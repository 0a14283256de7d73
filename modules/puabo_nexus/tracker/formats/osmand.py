"""Reading reports of the OsmAnd protocol: the query form of OsmAnd and older Traccar clients, and the JSON of newer ones.

Source: traccar.org/osmand. A query gives the speed in knots, JSON in metres per second; a negative speed or heading means that
the phone does not know it. The battery is full at 100 in a query, at 1 in JSON. What has no place in a `Fix` (activity,
sensors) is passed over.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NoReturn

from bus import FieldError, Refusal
from modules.puabo_nexus.tracker.formats.report import Report, Said, report_of

MPS_PER_KNOT: Final = 1852 / 3600


def read_query(parameters: Mapping[str, str], now: datetime) -> Report:
    """The report in the parameters of a query or a form.

    Args:
        now: see `report_of`.

    Raises:
        Refusal: it names no device.
    """
    device_id = parameters.get("id") or parameters.get("deviceid")
    if not device_id:
        _refuse("query.id", "Say which device reports: id=...")
    lat, lon = parameters.get("lat"), parameters.get("lon")
    if "location" in parameters:
        lat, _, lon = parameters["location"].partition(",")
    said = Said(
        timestamp=parameters.get("timestamp"),
        latitude=lat,
        longitude=lon,
        altitude=parameters.get("altitude"),
        speed=parameters.get("speed"),
        speed_unit_mps=MPS_PER_KNOT,
        heading=parameters.get("bearing") or parameters.get("heading"),
        accuracy=parameters.get("accuracy"),
        valid=parameters.get("valid"),
        battery=parameters.get("batt"),
        charging=parameters.get("charge"),
        ignition=parameters.get("ignition"),
    )
    return report_of(device_id, said, now)


def read_json(body: bytes, now: datetime) -> Report:
    """The report in a JSON document, which may have NaN in it, or come in UTF-16 or 32, as some clients write it.

    Args:
        now: see `report_of`.

    Raises:
        Refusal: it is no JSON, or names no device.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal.malformed("malformed", f"The body is not JSON that can be read: {error}.") from error
    device_id = document.get("device_id") if isinstance(document, dict) else None
    if not isinstance(device_id, str) or not device_id:
        _refuse("$.device_id", "Say which device reports, as text.")
    location = _part(document, "location")
    coords, battery = _part(location, "coords"), _part(location, "battery")
    said = Said(
        timestamp=location.get("timestamp"),
        latitude=coords.get("latitude"),
        longitude=coords.get("longitude"),
        altitude=coords.get("altitude"),
        speed=coords.get("speed"),
        heading=coords.get("heading"),
        accuracy=coords.get("accuracy"),
        battery=battery.get("level"),
        battery_full=1.0,
        charging=battery.get("is_charging"),
    )
    return report_of(device_id, said, now)


def _part(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = document.get(name)
    return part if isinstance(part, dict) else {}


def _refuse(field: str, reason: str) -> NoReturn:
    raise Refusal.invalid("invalid", "The report was not taken. Correct it and send it again.", FieldError(field, reason))
