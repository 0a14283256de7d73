"""Writing GPX 1.1."""

import re
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.domain.stretches import split_at_gaps
from modules.puabo_nexus.tracker.domain.track import TripRules

CONTENT_TYPE = "application/gpx+xml"
CREATOR = "Nexus COS tracker-ms"

_HALF_TURN = 180.0
_END = "</trkseg>"
_NO_CHAR = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<gpx version="1.1" creator="{CREATOR}" xmlns="http://www.topografix.com/GPX/1/1"'
    ' xmlns:tpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v2">\n'
)


async def gpx_document(name: str, slices: AsyncIterable[Sequence[Fix]], rules: TripRules) -> AsyncGenerator[bytes, None]:
    """One track as a GPX document, a segment per run of fixes without a gap, in parts: one for each slice of the track.

    Speed (m/s) and course stand in Garmin's TrackPointExtension 2, because GPX 1.1 has no place for them.

    Source: Topografix GPX 1.1 schema; Garmin TrackPointExtension v2 schema.
    """
    before: Fix | None = None
    text = f"{_HEAD}<trk><name>{_text(name)}</name>"
    async for fixes in slices:
        going_on, *others = split_at_gaps(fixes, before, rules)
        text += _points(going_on)
        for run in others:
            text += f"{_END if before is not None else ''}<trkseg>\n{_points(run)}"
            before = run[-1]
        before = fixes[-1] if fixes else before
        yield text.encode()
        text = ""
    yield f"{text}{_END if before is not None else ''}</trk>\n</gpx>\n".encode()


def _points(fixes: Sequence[Fix]) -> str:
    return "".join(map(_point, fixes))


def _point(fix: Fix) -> str:
    altitude = f"<ele>{_decimal(fix.altitude_m)}</ele>" if fix.altitude_m is not None else ""
    lon = fix.lon if fix.lon < _HALF_TURN else -_HALF_TURN  # the schema's longitudes end below 180
    return (
        f'<trkpt lat="{_decimal(fix.lat)}" lon="{_decimal(lon)}">{altitude}'
        f"<time>{_instant(fix.fix_at)}</time>{_extension(fix)}</trkpt>\n"
    )


def _extension(fix: Fix) -> str:
    if fix.speed_mps is None and fix.heading_deg is None:
        return ""
    speed = f"<tpx:speed>{_decimal(fix.speed_mps)}</tpx:speed>" if fix.speed_mps is not None else ""
    course = f"<tpx:course>{_decimal(fix.heading_deg)}</tpx:course>" if fix.heading_deg is not None else ""
    return f"<extensions><tpx:TrackPointExtension>{speed}{course}</tpx:TrackPointExtension></extensions>"


def _decimal(number: float) -> str:
    """Without an exponent, which xsd:decimal does not allow; ten places of a degree are a hundredth of a millimetre."""
    text = f"{number:.10f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _text(text: str) -> str:
    """Escaped, without the characters that XML 1.0 cannot carry (section 2.2, production Char)."""
    return escape(_NO_CHAR.sub("", text))
