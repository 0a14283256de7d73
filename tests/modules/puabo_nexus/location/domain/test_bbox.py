import pytest

from bus import Refusal
from modules.geography.box import Box
from modules.puabo_nexus.location.domain.bbox import parse_bbox


def test_bounds_are_read_in_the_order_of_geojson() -> None:
    assert parse_bbox("13.5,45,14,46.25") == Box(13.5, 45.0, 14.0, 46.25)
    assert parse_bbox("-180,-90,180,90") == Box(-180.0, -90.0, 180.0, 90.0)


def test_west_beyond_east_goes_over_the_antimeridian() -> None:
    assert parse_bbox("177,-20,-178,-16") == Box(177.0, -20.0, 182.0, -16.0)


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "NaN,0,1,1", "0,0,1e999,1", "1_0,0,11,1", "0,5,1,4", "-181,0,0,1", "0,0,1,91"]
)
def test_what_are_no_bounds_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_bbox(text)
    assert (refused.value.kind, refused.value.errors[0].field) == ("invalid", "query.bbox")
