"""Reading GPX: recorded tracks of the formats 1.0 and 1.1, from anyone."""

import re
from datetime import UTC, datetime
from xml.parsers import expat

from msgspec import Struct

from modules.puabo_nexus.tracker.contract import Fix

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 64
MAX_TEXT = 100_000

_TRACK_VALUES = frozenset({"ele", "time", "speed", "course"})
_DEG_FULL = 360.0
_DECIMAL = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,2})?")


class GpxError(ValueError):
    """Raised when a document is no GPX that can be read. The message says why."""


class GpxPoint(Struct, frozen=True, kw_only=True):
    """A track point.

    Attributes:
        at: UTC; None where the recording has no time.
        speed_mps, course_deg: fields of GPX 1.0, or of Garmin's TrackPointExtension in 1.1.
    """

    lat: float
    lon: float
    at: datetime | None = None
    altitude_m: float | None = None
    speed_mps: float | None = None
    course_deg: float | None = None


class GpxTrack(Struct, frozen=True):
    """A track: segments of points. Between two segments the receiver had no signal or was off."""

    name: str | None
    segments: tuple[tuple[GpxPoint, ...], ...]

    @property
    def fixes(self) -> tuple[Fix, ...]:
        """Its points that carry a time, in the order of the document."""
        return tuple(_fix(point) for segment in self.segments for point in segment if point.at is not None)


def parse_gpx(document: bytes, max_bytes: int = MAX_BYTES) -> tuple[GpxTrack, ...]:
    """The tracks of a GPX document. Waypoints, routes and unknown elements are skipped.

    A document type declaration is refused, and with it every entity: no file can be read and no text blown up through it.

    Source: Topografix, GPX 1.0 and GPX 1.1 schema documentation. Times are UTC, also where they do not say so.

    Raises:
        GpxError: it is larger than ``max_bytes``, no well-formed XML, no GPX, or has a point that is none.
    """
    if len(document) > max_bytes:
        raise GpxError(f"The document has {len(document)} bytes; {max_bytes} are allowed. Split the recording.")
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        raise GpxError(f"The document is no well-formed XML: {error}.") from error
    return tuple(reader.tracks)


def _refuse_doctype(name: str, system: str | None, public: str | None, subset: bool) -> None:
    raise GpxError("The document has a document type declaration. Remove it: GPX needs none.")


class _Reader:
    """Collects tracks while the parser walks the document."""

    def __init__(self) -> None:
        self.tracks: list[GpxTrack] = []
        self._path: list[str] = []
        self._name: str | None = None
        self._segments: list[tuple[GpxPoint, ...]] = []
        self._points: list[GpxPoint] = []
        self._place: tuple[float, float] = (0.0, 0.0)
        self._values: dict[str, str] = {}
        self._text: list[str] = []
        self._length = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        if not self._path and name != "gpx":
            raise GpxError(f"The document is no GPX: its root element is {name!r}.")
        if len(self._path) >= MAX_DEPTH:
            raise GpxError(f"The document nests elements more than {MAX_DEPTH} deep.")
        self._path.append(name)
        self._text, self._length = [], 0
        if name == "trkpt":
            self._place = (_degrees(attributes, "lat", 90.0), _degrees(attributes, "lon", 180.0))
            self._values = {}
        elif name == "trk":
            self._name, self._segments = None, []
        elif name == "trkseg":
            self._points = []

    def text(self, text: str) -> None:
        self._length += len(text)
        if self._length > MAX_TEXT:
            raise GpxError(f"An element holds more than {MAX_TEXT} characters of text.")
        self._text.append(text)

    def end(self, tag: str) -> None:
        name = self._path.pop()
        value = "".join(self._text).strip()
        self._text = []
        if name == "trkpt":
            self._points.append(self._point())
        elif name == "trkseg":
            self._segments.append(tuple(self._points))
        elif name == "trk":
            self.tracks.append(GpxTrack(self._name, tuple(self._segments)))
        elif name == "name" and self._path[-1:] == ["trk"]:
            self._name = value
        elif name in _TRACK_VALUES and "trkpt" in self._path and value:
            self._values.setdefault(name, value)

    def _point(self) -> GpxPoint:
        lat, lon = self._place
        speed, course = self._number("speed"), self._number("course")
        return GpxPoint(
            lat=lat,
            lon=lon,
            at=_instant(self._values["time"]) if "time" in self._values else None,
            altitude_m=self._number("ele"),
            speed_mps=speed if speed is not None and speed >= 0 else None,
            course_deg=course % _DEG_FULL if course is not None else None,
        )

    def _number(self, name: str) -> float | None:
        value = self._values.get(name)
        return _finite(value, f"<{name}>") if value is not None else None


def _degrees(attributes: dict[str, str], name: str, limit: float) -> float:
    if name not in attributes:
        raise GpxError(f"A track point has no {name!r} attribute.")
    degrees = _finite(attributes[name], name)
    if abs(degrees) > limit:
        raise GpxError(f"A track point has {name} {degrees:g}; {limit:g} degrees is the limit.")
    return degrees


def _finite(text: str, what: str) -> float:
    if _DECIMAL.fullmatch(text.strip()) is None:
        raise GpxError(f"A track point has {what} {text[:40]!r}, which is no number.")
    return float(text)


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise GpxError(f"A track point has time {text[:40]!r}. Write it as 2020-12-18T06:15:50Z.") from error


def _fix(point: GpxPoint) -> Fix:
    if point.at is None:
        raise GpxError("A track point without a time is no fix.")
    return Fix(
        fix_at=point.at,
        lat=point.lat,
        lon=point.lon,
        altitude_m=point.altitude_m,
        speed_mps=point.speed_mps,
        heading_deg=point.course_deg,
    )
