"""Reading GPX: recorded tracks of the formats 1.0 and 1.1, from anyone."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from xml.parsers import expat

import anyio.lowlevel
from msgspec import Struct

from modules.puabo_nexus.number import number
from modules.puabo_nexus.tracker.contract import Fix

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_DEPTH: Final = 64
MAX_TRACKS: Final = 10_000
MAX_TEXT: Final = 100_000
MAX_MARKUP_BYTES: Final = 64 * 1024
MAX_TOLD: Final = 10
"""How many of the places where something was left out are told."""

_SLICE_BYTES: Final = 16 * 1024
_DEG_FULL: Final = 360.0
_OWN: Final = frozenset({"ele", "time", "speed", "course"})
_EXTENDED: Final = frozenset({"speed", "course"})
_GARMIN: Final = "http://www.garmin.com/xmlschemas/TrackPointExtension/"
_EXTENSIONS: Final = frozenset({f"{_GARMIN}v1", f"{_GARMIN}v2", "https://osmand.net"})
"""Extensions whose speed is in metres per second."""
_MPS: Final = {
    **dict.fromkeys(("m/s", "mps"), 1.0),
    **dict.fromkeys(("km/h", "kmh", "kph"), 1 / 3.6),
    **dict.fromkeys(("mph", "mi/h"), 0.44704),
    **dict.fromkeys(("kn", "kt", "kts", "knots"), 1852 / 3600),
}
_LEAP_SECOND: Final = re.compile(r"(\d\d:\d\d:)60")


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
    """A track: segments of points, none of them empty. Between two segments the receiver had no signal or was off."""

    name: str | None
    segments: tuple[tuple[GpxPoint, ...], ...]

    @property
    def fixes(self) -> tuple[Fix, ...]:
        """Its points that carry a time, in the order of the document."""
        return tuple(self.each_fix())

    def each_fix(self) -> Iterator[Fix]:
        """The same, made one after the other."""
        return (_fix(point, point.at) for segment in self.segments for point in segment if point.at is not None)


class Recording(Struct, frozen=True):
    """What can be read of a document.

    Attributes:
        points: how many points its tracks have.
        left_out: how many points and values of points could not be read.
        told: of the first of them, where it stands and what is wrong with it.
    """

    tracks: tuple[GpxTrack, ...]
    points: int
    left_out: int
    told: tuple[str, ...]


def parse_gpx(document: bytes, max_bytes: int = MAX_BYTES) -> Recording:
    """The tracks of a GPX document. Waypoints, routes and unknown elements are skipped.

    A point that cannot be read is left out, and so is a height, speed or course, and what comes after a place where the
    document is broken or cut off. A document type declaration is refused, and with it every entity: no file can be read and no
    text blown up through it.

    Source: Topografix, GPX 1.0 and GPX 1.1 schema documentation. Times are UTC, also where they do not say so.

    Raises:
        GpxError: it is larger than ``max_bytes``, or no GPX, or no well-formed XML before its first point.
    """
    reader = _Reader(len(document), max_bytes)
    for part in _slices(document):
        reader.feed(part)
    return reader.recording()


async def read_gpx(document: bytes, max_bytes: int = MAX_BYTES) -> Recording:
    """As `parse_gpx`, in slices between which others have their turn."""
    reader = _Reader(len(document), max_bytes)
    for part in _slices(document):
        reader.feed(part)
        await anyio.lowlevel.checkpoint()
    return reader.recording()


def _slices(document: bytes) -> Iterable[bytes]:
    return (document[start : start + _SLICE_BYTES] for start in range(0, len(document), _SLICE_BYTES))


def _refuse_doctype(name: str, system: str | None, public: str | None, subset: bool) -> None:
    raise GpxError("The document has a document type declaration. Remove it: GPX needs none.")


class _Reader:
    """Collects tracks while the parser walks the document.

    Of a value that a point says itself and in an extension, its own counts. Without a unit, a speed is in metres per second
    where it is the point's own (GPX 1.0), in the namespace of GPX, or in an extension that is known to count so; else it is
    passed over.
    """

    def __init__(self, size_bytes: int, max_bytes: int) -> None:
        if size_bytes > max_bytes:
            raise GpxError(f"The document has {size_bytes} bytes; {max_bytes} are allowed. Split the recording.")
        self._tracks: list[GpxTrack] = []
        self._left_out = 0
        self._told: list[str] = []
        self._path: list[str] = []
        self._namespace = ""
        self._name: str | None = None
        self._segments: list[tuple[GpxPoint, ...]] = []
        self._points: list[GpxPoint] = []
        self._place: tuple[float, float] | None = None
        self._own: dict[str, str] = {}
        self._extended: dict[str, str] = {}
        self._unit = ""
        self._text: list[str] = []
        self._length = 0
        self._fed = 0
        self._broken = False
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = _refuse_doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def feed(self, data: bytes, is_last: bool = False) -> None:
        """Read on."""
        if self._broken:
            return
        self._fed += len(data)
        try:
            self._parser.Parse(data, is_last)
        except GpxError:
            raise
        except (expat.ExpatError, LookupError, ValueError) as error:  # the latter two of encodings that are none
            if not self._points and not self._segments and not self._tracks:
                raise GpxError(f"The document is no well-formed XML: {error}.") from error
            self._broken = True
            self._leave_out(f"no well-formed XML from here on ({error})")
        if self._fed - self._parser.CurrentByteIndex > MAX_MARKUP_BYTES:
            raise GpxError(f"The document has a tag or comment of more than {MAX_MARKUP_BYTES} bytes.")

    def recording(self) -> Recording:
        """What was read. It ends what is open."""
        self.feed(b"", is_last=True)
        self._end_segment()
        if self._segments:
            self._end_track()
        points = sum(len(segment) for track in self._tracks for segment in track.segments)
        return Recording(tuple(self._tracks), points, self._left_out, tuple(self._told))

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag.rpartition(" ")
        if not self._path:
            if name != "gpx":
                raise GpxError(f"The document is no GPX: its root element is {name!r}.")
            self._namespace = namespace
        if len(self._path) >= MAX_DEPTH:
            raise GpxError(f"The document nests elements more than {MAX_DEPTH} deep.")
        self._path.append(name)
        self._text, self._length = [], 0
        self._unit = next((attributes[key].lower() for key in ("unit", "units", "uom") if key in attributes), "")
        if name == "trkpt":
            self._place = self._place_of(attributes)
            self._own, self._extended = {}, {}

    def _characters(self, text: str) -> None:
        self._length += len(text)
        if self._length > MAX_TEXT:
            raise GpxError(f"An element holds more than {MAX_TEXT} characters of text.")
        self._text.append(text)

    def _end(self, tag: str) -> None:
        namespace, _, name = tag.rpartition(" ")
        self._path.pop()
        value = "".join(self._text).strip()
        self._text = []
        if name == "trkpt":
            self._end_point()
        elif name == "trkseg":
            self._end_segment()
        elif name == "trk":
            self._end_track()
        elif name == "name" and self._path[-1:] == ["trk"]:
            self._name = value
        elif "trkpt" in self._path and value:
            self._keep(namespace, name, value)

    def _keep(self, namespace: str, name: str, value: str) -> None:
        mps = _MPS.get(self._unit)
        if self._path[-1] == "trkpt" and namespace == self._namespace and name in _OWN:
            values = self._own
        elif name in _EXTENDED and (namespace in _EXTENSIONS or namespace == self._namespace or mps is not None):
            values = self._extended
        else:
            return
        if name == "speed" and self._unit:
            speed = number(value)
            if speed is None or mps is None:
                return
            value = f"{speed * mps:.6f}"
        values.setdefault(name, value)

    def _end_track(self) -> None:
        if len(self._tracks) >= MAX_TRACKS:
            raise GpxError(f"The document has more than {MAX_TRACKS} tracks. Split the recording.")
        self._tracks.append(GpxTrack(self._name, tuple(self._segments)))
        self._name, self._segments = None, []

    def _end_segment(self) -> None:
        if self._points:
            self._segments.append(tuple(self._points))
            self._points = []

    def _end_point(self) -> None:
        if self._place is None:
            return
        values = {**self._extended, **self._own}
        at = _instant(values["time"]) if "time" in values else None
        if at is None and "time" in values:
            self._leave_out(f"time {values['time'][:40]!r} is no instant such as 2020-12-18T06:15:50Z")
            return
        speed, course = self._number(values, "speed", 10_000), self._number(values, "course", _DEG_FULL)
        self._points.append(
            GpxPoint(
                lat=self._place[0],
                lon=self._place[1],
                at=at,
                altitude_m=self._number(values, "ele", 100_000, -12_000),
                speed_mps=speed,
                course_deg=course % _DEG_FULL if course is not None else None,
            )
        )

    def _number(self, values: Mapping[str, str], name: str, high: float, low: float = 0.0) -> float | None:
        if name not in values:
            return None
        found = number(values[name])
        if found is not None and low <= found <= high:
            return found
        if name == "ele" or found is None or found >= 0:  # a receiver that does not know its speed or course says -1
            self._leave_out(f"<{name}> {values[name][:40]!r} is no number from {low:g} to {high:g}")
        return None

    def _place_of(self, attributes: Mapping[str, str]) -> tuple[float, float] | None:
        lat, lon = number(attributes.get("lat")), number(attributes.get("lon"))
        if lat is not None and lon is not None and abs(lat) <= 90 and abs(lon) <= 180:  # noqa: PLR2004 - degrees
            return lat, lon
        said = ", ".join(f"{name} {attributes[name][:40]!r}" for name in ("lat", "lon") if name in attributes)
        self._leave_out(f"{said or 'a point without lat and lon'} is no place in degrees, -90 to 90 and -180 to 180")
        return None

    def _leave_out(self, what: str) -> None:
        self._left_out += 1
        if len(self._told) < MAX_TOLD:
            self._told.append(f"line {self._parser.CurrentLineNumber}: {what}")


def _instant(text: str) -> datetime | None:
    """A leap second, which `datetime` does not know, is the second after the one before it."""
    usual, leaps = _LEAP_SECOND.subn(r"\g<1>59", text)
    try:
        instant = datetime.fromisoformat(usual) + timedelta(seconds=leaps)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _fix(point: GpxPoint, at: datetime) -> Fix:
    return Fix(
        fix_at=at,
        lat=point.lat,
        lon=point.lon,
        altitude_m=point.altitude_m,
        speed_mps=point.speed_mps,
        heading_deg=point.course_deg,
    )
