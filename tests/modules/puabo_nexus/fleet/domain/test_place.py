"""The places of a delivery."""

from math import inf, nan

import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from bus import Refusal
from modules.puabo_nexus.fleet.contract import Place
from modules.puabo_nexus.fleet.domain.place import distance_m, read_places
from nexus_actors.form import Form

ZAGREB = Place(name="Depot", lat=45.8, lon=15.97)
VISNJAN = Place(name="Observatory", lat=45.27, lon=13.72, radius_m=250)


def refused(pickup: Place, dropoff: Place) -> dict[str, str]:
    form = Form("delivery")
    read_places(form, pickup, dropoff)
    with pytest.raises(Refusal) as caught:
        form.finish()
    assert caught.value.code == "invalid_delivery"
    return {error.field: error.reason for error in caught.value.errors}


def place(lat: float = 0.0, lon: float = 0.0, radius_m: int = 100, name: str = "here") -> Place:
    return Place(name=name, lat=lat, lon=lon, radius_m=radius_m)


def test_places_far_apart_are_taken_with_their_names_in_order() -> None:
    form = Form("delivery")

    pickup, dropoff = read_places(form, place(45.8, 15.97, name="  the \n depot "), VISNJAN)

    form.finish()
    assert pickup.name == "the depot"
    assert (pickup.lat, pickup.lon, pickup.radius_m) == (45.8, 15.97, 100)
    assert dropoff == VISNJAN


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (place(lat=90.5), "$.pickup.lat"),
        (place(lat=nan), "$.pickup.lat"),
        (place(lon=-180.01), "$.pickup.lon"),
        (place(lon=inf), "$.pickup.lon"),
        (place(radius_m=9), "$.pickup.radius_m"),
        (place(radius_m=5001), "$.pickup.radius_m"),
        (place(name="\x07"), "$.pickup.name"),
    ],
)
def test_each_wrong_field_is_named(wrong: Place, field: str) -> None:
    assert set(refused(wrong, VISNJAN)) == {field}


def test_all_wrong_fields_are_named_at_once() -> None:
    assert set(refused(place(lat=91, lon=181), place(name=" ", radius_m=0))) == {
        "$.pickup.lat",
        "$.pickup.lon",
        "$.dropoff.name",
        "$.dropoff.radius_m",
    }


@pytest.mark.parametrize("apart_deg", [0.0, 0.0010, 0.00179])  # 0.0018 degrees of latitude are 200 m
def test_circles_that_touch_are_refused(apart_deg: float) -> None:
    assert "they touch" in refused(place(), place(lat=apart_deg))["$.dropoff"]


def test_circles_that_just_do_not_touch_are_taken() -> None:
    form = Form("delivery")

    read_places(form, place(), place(lat=0.00181))

    form.finish()


def test_circles_touch_across_the_antimeridian_too() -> None:
    assert "they touch" in refused(place(lon=180), place(lon=-179.9999))["$.dropoff"]


latitudes, longitudes = st.floats(-90, 90), st.floats(-180, 180)


@given(latitudes, longitudes, latitudes, longitudes)
def test_distance_is_that_of_the_ellipsoid_within_0_6_percent(lat1: float, lon1: float, lat2: float, lon2: float) -> None:
    one, other = place(lat1, lon1), place(lat2, lon2)

    geodesic_m = Geodesic.WGS84.Inverse(lat1, lon1, lat2, lon2)["s12"]

    assert distance_m(one, other) == pytest.approx(geodesic_m, rel=0.006, abs=0.001)
    assert distance_m(other, one) == pytest.approx(distance_m(one, other), rel=1e-9, abs=1e-6)
