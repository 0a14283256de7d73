"""Documents that a GeoJSON reader must accept or refuse, and what a fence is made of."""

from pathlib import Path

import msgspec
import pytest

from bus import Refusal
from modules.puabo_nexus.location.contract import Circle, MultiPolygon, Polygon, Shape
from modules.puabo_nexus.location.domain.geojson import Document, read_shape
from modules.puabo_nexus.location.domain.shapes import checked
from tests.modules.puabo_nexus.location.domain.drawing import shapely_of

# A linter objects to these; RFC 7946 does not forbid them, and what is not in order is put in order.
TAKEN_ALL_THE_SAME = {
    "bad-polygon-interiorring-rhr.geojson": "3.1.6: a reader should not refuse a polygon for the direction of its rings",
    "polygon_winding_order.geojson": "likewise",
    "excessive_precision_truncated.geojson": "11.2 recommends fewer digits, no more",
    "geometrycollection_nested.geojson": "3.1.8 recommends against it, no more",
    "geometrycollection_single.geojson": "likewise",
}
# Good in form; coordinates beyond the poles are not for fences.
OUT_OF_RANGE = {"issue82.geojson"}
# Closed rings are not part of the grammar, they are looked at when a shape is checked.
REFUSED_WHEN_CHECKED = {"different-first-last.geojson", "different-first-size.geojson"}
AREAS = {
    "good-featurecollection-extensions.geojson",
    "good-featurecollection.geojson",
    "good-polygon.geojson",
    "multipolygon.geojson",
    "bad-polygon-interiorring-rhr.geojson",
    "polygon_winding_order.geojson",
}


def files(shared_data: Path, folder: str) -> list[Path]:
    found = sorted((shared_data / "geojson" / folder).glob("*.geojson"))
    assert found, f"There are no documents in {folder}."
    return found


def accepts(text: bytes) -> bool:
    try:
        msgspec.json.decode(text, type=Document)
    except msgspec.MsgspecError:
        return False
    return True


@pytest.mark.reference
def test_every_good_document_is_read(shared_data: Path) -> None:
    refused = [file.name for file in files(shared_data, "good") if not accepts(file.read_bytes())]
    assert refused == []


@pytest.mark.reference
def test_every_bad_document_is_refused(shared_data: Path) -> None:
    taken = {file.name for file in files(shared_data, "bad") if accepts(file.read_bytes())}
    assert taken == TAKEN_ALL_THE_SAME.keys() | REFUSED_WHEN_CHECKED


@pytest.mark.reference
def test_documents_become_fences_or_are_refused_with_a_reason(shared_data: Path) -> None:
    fences = set()
    for file in (*files(shared_data, "good"), *files(shared_data, "bad")):
        outcome = outcome_of(file.read_bytes())
        if isinstance(outcome, Refusal):
            assert outcome.kind == "invalid"
            assert outcome.errors
            assert (outcome.code == "out_of_range") == (file.name in OUT_OF_RANGE)
            assert (outcome.code == "ring_not_closed") == (file.name in REFUSED_WHEN_CHECKED)
        else:
            assert not isinstance(outcome, Circle)
            assert shapely_of(outcome).is_valid
            fences.add(file.name)
    assert fences == AREAS


def outcome_of(text: bytes) -> Shape | Refusal:
    try:
        return checked(read_shape(text))
    except Refusal as refusal:
        return refusal


def test_an_area_is_taken_out_of_whatever_holds_it() -> None:
    area = b'{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]],"bbox":[0,0,1,1],"note":"foreign"}'
    polygon = Polygon((((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)),))
    point = b'{"type":"Point","coordinates":[0,0]}'
    feature = b'{"type":"Feature","id":7,"properties":null,"geometry":%b}' % area
    assert read_shape(area) == polygon
    assert read_shape(feature) == polygon
    assert read_shape(b'{"type":"FeatureCollection","features":[%b]}' % feature) == polygon
    assert read_shape(b'{"type":"GeometryCollection","geometries":[%b,%b]}' % (point, area)) == polygon
    many = b'{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]]]}'
    assert read_shape(many) == MultiPolygon((polygon.coordinates,))
    assert read_shape(b'{"type":"Circle","lat":1,"lon":2,"radius_m":3}') == Circle(1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        (b'{"type":"Point","coordinates":[0,0]}', "not_an_area", "$.shape"),
        (b'{"type":"FeatureCollection","features":[]}', "not_an_area", "$.shape"),
        (b'{"type":"Polygon","coordinates":[[[0,0],["1",0],[1,1],[0,0]]]}', "invalid_geojson", "$.shape.coordinates[0][1][0]"),
        (b'{"type":"Polygon","coordinates":[[[0,0],[1],[1,1],[0,0]]]}', "invalid_geojson", "$.shape.coordinates[0][1]"),
        (b'{"type":"Polygon","coordinates":[],"features":[]}', "invalid_geojson", "$.shape"),
        (b'{"type":"Polygon","coordinates":[],"bbox":[1,2,3,4,5]}', "invalid_geojson", "$.shape"),
        (b'{"type":"Circle","lat":91,"lon":2,"radius_m":3}', "invalid_geojson", "$.shape.lat"),
        (b'{"type":"Sphere"}', "invalid_geojson", "$.shape.type"),
        (b"nonsense", "invalid_geojson", "$.shape"),
    ],
)
def test_what_holds_no_area_is_refused_with_the_field(text: bytes, code: str, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_shape(text)
    assert (refused.value.code, refused.value.errors[0].field) == (code, field)
