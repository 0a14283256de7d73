import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus import Refusal
from modules.puabo_nexus.tracker.contract import DeviceState, Fix
from modules.puabo_nexus.tracker.formats.osmand import read_json, read_query
from modules.puabo_nexus.tracker.formats.report import Report
from nexus_actors.http.parameters import plain_query

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLACE = {"id": "123456", "lat": "60.0", "lon": "30.0"}


def query(**parameters: str) -> Report:
    return read_query({**PLACE, **parameters}, NOW)


def document(coords: dict[str, Any] | None = None, **more: Any) -> bytes:
    location = {"timestamp": "2025-06-15T13:45:12.862Z", "coords": {"latitude": 37.5, "longitude": -122.25, **(coords or {})}}
    return json.dumps({"device_id": "48241179", "location": {**location, **more}}).encode()


def test_a_query_with_everything() -> None:
    report = query(timestamp="1377177267", speed="10", bearing="7.2", altitude="350.06", accuracy="4.5", batt="87", rpm="933")
    assert report.device_id == "123456"
    fix = report.fix
    assert fix is not None
    assert fix.fix_at == datetime(2013, 8, 22, 13, 14, 27, tzinfo=UTC)
    assert (fix.lat, fix.lon, fix.altitude_m, fix.heading_deg, fix.accuracy_m) == (60.0, 30.0, 350.06, 7.2, 4.5)
    assert (fix.battery_pct, fix.charging, fix.ignition) == (87, None, None)
    assert fix.speed_mps == pytest.approx(5.144444, rel=1e-6)


@pytest.mark.parametrize(
    ("stamp", "instant"),
    [
        ("1442068686", datetime(2015, 9, 12, 14, 38, 6, tzinfo=UTC)),
        ("1442068686579", datetime(2015, 9, 12, 14, 38, 6, 579_000, tzinfo=UTC)),
        ("1442068686.579", datetime(2015, 9, 12, 14, 38, 6, 579_000, tzinfo=UTC)),
        ("2016-01-27T18:55:47Z", datetime(2016, 1, 27, 18, 55, 47, tzinfo=UTC)),
        ("2016-01-27T19:55:47+01:00", datetime(2016, 1, 27, 18, 55, 47, tzinfo=UTC)),
        ("2014-06-04 09:10:11", datetime(2014, 6, 4, 9, 10, 11, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_in_every_way_that_clients_write_it(stamp: str, instant: datetime) -> None:
    fix = query(timestamp=stamp).fix
    assert fix is not None
    assert fix.fix_at == instant


def test_other_names_of_the_same_things() -> None:
    report = read_query({"deviceid": "7", "location": "60.5,-30.25", "heading": "360"}, NOW)
    assert report.device_id == "7"
    assert report.fix == Fix(fix_at=NOW, lat=60.5, lon=-30.25, heading_deg=0.0)


def test_who_names_no_device_is_told() -> None:
    with pytest.raises(Refusal) as refused:
        query(id="")
    assert refused.value.kind == "invalid"
    assert [error.field for error in refused.value.errors] == ["query.id"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"lat": "NaN"}, {"lat": "1e400"}, {"lon": "1_0"}, {"lat": ""}, {"location": "60.0"}, {"location": "60.0;30.0"},
        {"lat": "91"}, {"lon": "361"}, {"lon": "-inf"},
    ],
)  # fmt: skip
def test_a_place_that_is_none_leaves_a_sign_of_life(parameters: dict[str, str]) -> None:
    report = query(batt="40", **parameters)
    assert (report.fix, report.reasons) == (None, ("unreadable_place",))
    assert report.state.battery_pct == 40


def test_a_heartbeat_says_no_place() -> None:
    report = read_query({"id": "7", "timestamp": "1377177267", "batt": "12", "charge": "true", "ignition": "false"}, NOW)
    assert (report.fix, report.reasons) == (None, ())
    assert report.state == DeviceState(battery_pct=12, charging=True, ignition=False)


@pytest.mark.parametrize("stamp", ["yesterday", "9" * 19, "NaN", "0001-01-01T00:00:00+14:00"])
def test_an_instant_that_is_none_is_that_at_which_it_came(stamp: str) -> None:
    report = query(timestamp=stamp)
    assert report.reasons == ("unreadable_time",)
    assert report.fix == Fix(fix_at=NOW, lat=60.0, lon=30.0)


def test_an_empty_instant_is_now() -> None:
    report = query(timestamp="")
    assert (report.fix, report.reasons) == (Fix(fix_at=NOW, lat=60.0, lon=30.0), ())


@pytest.mark.parametrize("no", ["false", "False", "0"])
def test_what_a_device_does_not_trust_itself_is_marked(no: str) -> None:
    report = query(valid=no)
    assert report.reasons == ("marked_invalid",)
    assert report.fix is not None
    assert query(valid="true").reasons == ()


def test_values_that_are_none_cost_themselves_alone() -> None:
    wrong = {"speed": "fast", "altitude": "1e9", "accuracy": "-1", "bearing": "361", "batt": "101", "charge": "maybe"}
    assert query(**wrong).fix == Fix(fix_at=NOW, lat=60.0, lon=30.0)


@pytest.mark.parametrize(("text", "lon"), [("180.0000001", -180.0), ("-180.0000001", 180.0), ("190", -170.0), ("180", 180.0)])
def test_longitudes_may_run_past_half_a_turn(text: str, lon: float) -> None:
    fix = query(lon=text).fix
    assert fix is not None
    assert fix.lon == pytest.approx(lon, abs=1e-6)


def test_a_decimal_comma_is_read() -> None:
    fix = query(lat="60,5", speed="1,5").fix
    assert fix is not None
    assert fix.lat == 60.5
    assert fix.speed_mps == pytest.approx(0.771667, rel=1e-5)


def test_the_json_of_newer_clients() -> None:
    coords = {"accuracy": 3.8, "speed": 18.67, "heading": 63, "altitude": 35.7}
    more = {"is_moving": True, "extras": {}, "battery": {"level": 0.87, "is_charging": True}}
    report = read_json(document(coords, **more), NOW)
    assert report.device_id == "48241179"
    fix = report.fix
    assert fix is not None
    assert fix.fix_at == datetime(2025, 6, 15, 13, 45, 12, 862_000, tzinfo=UTC)
    assert (fix.lat, fix.lon, fix.speed_mps, fix.heading_deg) == (37.5, -122.25, 18.67, 63)
    assert (fix.accuracy_m, fix.altitude_m) == (3.8, 35.7)
    assert (fix.battery_pct, fix.charging) == (87, True)


def test_minus_one_means_unknown() -> None:
    unknown = {"speed": -1, "heading": -1, "accuracy": -1}
    fix = read_json(document(unknown, battery={"level": -1, "is_charging": False}), NOW).fix
    assert fix is not None
    assert (fix.speed_mps, fix.heading_deg, fix.accuracy_m, fix.battery_pct) == (None, None, None, None)
    slow = query(speed="-1").fix
    assert slow is not None
    assert slow.speed_mps is None


@pytest.mark.parametrize(
    ("body", "reasons"),
    [
        (b'{"device_id": "a"}', ()),
        (b'{"device_id": "a", "location": null}', ()),
        (b'{"device_id": "a", "location": []}', ()),
        (b'{"device_id": "a", "location": {"coords": null}}', ()),
        (b'{"device_id": "a", "location": {"coords": {"latitude": NaN, "longitude": 1}}}', ("unreadable_place",)),
        (b'{"device_id": "a", "location": {"coords": {"latitude": 91, "longitude": 1}}}', ("unreadable_place",)),
        (b'{"device_id": "a", "location": {"coords": {"latitude": true, "longitude": 1}}}', ("unreadable_place",)),
        (
            b'{"device_id": "a", "location": {"coords": {"latitude": 1' + b"0" * 400 + b', "longitude": 1}}}',
            ("unreadable_place",),
        ),
    ],
)
def test_json_without_a_place_is_a_sign_of_life(body: bytes, reasons: tuple[str, ...]) -> None:
    report = read_json(body, NOW)
    assert (report.fix, report.reasons) == (None, reasons)


def test_json_in_another_encoding_with_nan_and_numbers_as_texts_is_read() -> None:
    body = document({"latitude": "37.5", "speed": float("nan")}).decode().encode("utf-16")
    fix = read_json(body, NOW).fix
    assert fix is not None
    assert (fix.lat, fix.speed_mps) == (37.5, None)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "malformed"),
        (b"id=1&lat=2", "malformed"),
        (b"\xff", "malformed"),
        (b'{"device_id": "a", "x":' + b"[" * 30_000, "malformed"),
        (b"[]", "invalid"),
        (b"{}", "invalid"),
        (b'{"device_id": 7}', "invalid"),
        (b'{"device_id": "a", "x": ' + b"1" * 5_000 + b"}", "malformed"),
    ],
)
def test_json_that_is_no_report_is_refused(body: bytes, kind: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_json(body, NOW)
    assert refused.value.kind == kind


@given(st.dictionaries(st.sampled_from([*PLACE, "timestamp", "speed", "location", "valid", "heading"]), st.text(max_size=30)))
def test_any_query_is_read_or_refused(parameters: dict[str, str]) -> None:
    with suppress(Refusal):
        assert read_query(parameters, NOW).device_id


@given(st.binary(max_size=100))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    with suppress(Refusal):
        read_json(body, NOW)


@pytest.mark.reference
def test_the_messages_of_real_clients(shared_data: Path) -> None:
    """Of those that carry a place in the query; one has cells alone, which take a look-up elsewhere, one names no device."""
    messages = json.loads((shared_data / "gps-protocols" / "osmand.json").read_bytes())
    targets = [message["message"].partition("?")[2] for message in messages]
    reports = [read_query(plain_query(text), NOW) for text in targets if "id=" in text and "cell=" not in text]
    assert len(reports) == 6
    assert {report.device_id for report in reports} >= {"902064", "123456", "861001000719969"}
    nameless = next(text for text in targets if text and "id=" not in text)
    with pytest.raises(Refusal):
        read_query(plain_query(nameless), NOW)
