"""GeoJSON documents (RFC 7946), read as strictly as their grammar and tolerant of foreign members; areas taken out of them."""

import re
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from bus import FieldError, Refusal
from modules.puabo_nexus.location.contract import Circle, LinearRing, MultiPolygon, Polygon, Position, Shape
from modules.puabo_nexus.location.domain.polygons import check_vertex_count

_PATH = re.compile(r"(?P<reason>.*) - at `\$(?P<path>[^`]*)`", re.DOTALL)
_BBOX_LENGTHS = (4, 6)


class GeoJsonObject(Struct, frozen=True, kw_only=True, tag=True, tag_field="type"):
    """What all objects share.

    Attributes:
        bbox: bounds, two or three numbers for each corner (section 5); read for its form only.
    """

    forbidden: ClassVar[tuple[str, ...]]
    bbox: Annotated[tuple[float, ...], Meta(min_length=4, max_length=6)] | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Raise `ValueError`, to which msgspec adds the path: for bounds of five numbers, and for a forbidden member."""
        if self.bbox is not UNSET and len(self.bbox) not in _BBOX_LENGTHS:
            raise ValueError("A bbox has 4 numbers, or 6 with altitudes")
        for name in self.forbidden:
            if getattr(self, name) is not UNSET:
                raise ValueError(f"A {type(self).__struct_config__.tag} has no member `{name}` (RFC 7946, 7.1)")


class GeometryObject(GeoJsonObject, frozen=True, kw_only=True):
    """What all geometries share: they are told from features by what they do not have (section 7.1)."""

    forbidden = ("geometry", "properties", "features")
    geometry: Any = UNSET
    properties: Any = UNSET
    features: Any = UNSET


class Point(GeometryObject, frozen=True, kw_only=True):
    """One position."""

    coordinates: Position


class MultiPoint(GeometryObject, frozen=True, kw_only=True):
    """Some positions."""

    coordinates: tuple[Position, ...]


class LineString(GeometryObject, frozen=True, kw_only=True):
    """A line through two or more positions."""

    coordinates: Annotated[tuple[Position, ...], Meta(min_length=2)]


class MultiLineString(GeometryObject, frozen=True, kw_only=True):
    """Some lines."""

    coordinates: tuple[Annotated[tuple[Position, ...], Meta(min_length=2)], ...]


class PolygonObject(GeometryObject, frozen=True, kw_only=True, tag="Polygon"):
    """A polygon; that its rings make sense is checked with `shapes.checked`."""

    coordinates: tuple[LinearRing, ...]


class MultiPolygonObject(GeometryObject, frozen=True, kw_only=True, tag="MultiPolygon"):
    """Some polygons."""

    coordinates: tuple[tuple[LinearRing, ...], ...]


class GeometryCollection(GeometryObject, frozen=True, kw_only=True):
    """Some geometries."""

    geometries: "tuple[Geometry, ...]"


Geometry = Point | MultiPoint | LineString | MultiLineString | PolygonObject | MultiPolygonObject | GeometryCollection


class Feature(GeoJsonObject, frozen=True, kw_only=True):
    """A geometry with properties."""

    forbidden = ("coordinates", "geometries", "features")
    coordinates: Any = UNSET
    geometries: Any = UNSET
    features: Any = UNSET
    geometry: Geometry | None
    properties: dict[str, Any] | None
    id: str | int | float | UnsetType = UNSET


class FeatureCollection(GeoJsonObject, frozen=True, kw_only=True):
    """Some features."""

    forbidden = ("coordinates", "geometries", "geometry", "properties")
    coordinates: Any = UNSET
    geometries: Any = UNSET
    geometry: Any = UNSET
    properties: Any = UNSET
    features: tuple[Feature, ...]


Document = Geometry | Feature | FeatureCollection

_documents = msgspec.json.Decoder(Document | Circle)


def read_shape(text: bytes, field: str = "$.shape") -> Shape:
    """The shape that a document describes: a Circle (our own), or GeoJSON that holds one area, alone or as a feature.

    What the shape's rings are is not looked at yet; for this it goes through `shapes.checked`.

    Args:
        text: JSON.
        field: its path in the input, for messages.

    Raises:
        Refusal: invalid; it is no such document, has no area or several, or too many vertices.
    """
    try:
        document = _documents.decode(text)
    except msgspec.MsgspecError as error:
        raise _unreadable(str(error), field) from error
    shape = document if isinstance(document, Circle) else _area_of(document, field)
    if not isinstance(shape, Circle):
        polygons = [shape.coordinates] if isinstance(shape, Polygon) else shape.coordinates
        check_vertex_count(polygons, f"{field}.coordinates")
    return shape


def _area_of(document: Document, field: str) -> Polygon | MultiPolygon:
    areas = list(_areas(document))
    if len(areas) == 1:
        return areas[0]
    kind = type(document).__struct_config__.tag
    if not areas:
        reason = f"A {kind} without an area. Give a Circle, a Polygon, a MultiPolygon, or a Feature with one of the latter."
        raise Refusal.invalid("not_an_area", reason, FieldError(field, reason))
    reason = f"The {kind} holds {len(areas)} areas. Give one; parts that belong together go into one MultiPolygon."
    raise Refusal.invalid("several_areas", reason, FieldError(field, reason))


def _areas(document: Document | None) -> list[Polygon | MultiPolygon]:
    match document:
        case PolygonObject():
            return [Polygon(document.coordinates)]
        case MultiPolygonObject():
            return [MultiPolygon(document.coordinates)]
        case Feature():
            return _areas(document.geometry)
        case FeatureCollection():
            return [area for feature in document.features for area in _areas(feature)]
        case GeometryCollection():
            return [area for geometry in document.geometries for area in _areas(geometry)]
        case _:
            return []


def _unreadable(message: str, field: str) -> Refusal:
    match = _PATH.fullmatch(message)
    reason, path = (match["reason"], field + match["path"]) if match else (message, field)
    return Refusal.invalid("invalid_geojson", f"{path} is no GeoJSON that can be read: {reason}.", FieldError(path, reason))
