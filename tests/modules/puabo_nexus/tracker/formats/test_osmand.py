import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus import Refusal
from modules.puabo_nexus.tracker.formats.osmand import Report, read_json, read_query
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
    assert fix.fix_at == datetime(2013, 8, 22, 13, 14, 27, tzinfo=UTC)
    assert (fix.lat, fix.lon, fix.altitude_m, fix.heading_deg, fix.accuracy_m) == (60.0, 30.0, 350.06, 7.2, 4.5)
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
    assert query(timestamp=stamp).fix.fix_at == instant


def test_other_names_of_the_same_things() -> None:
    report = read_query({"deviceid": "7", "location": "60.5,-30.25", "heading": "360"}, NOW)
    assert (report.device_id, report.fix.lat, report.fix.lon, report.fix.heading_deg) == ("7", 60.5, -30.25, 0.0)
    assert report.fix.fix_at == NOW


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"id": ""}, "query.id"),
        ({"lat": ""}, "query.lat"),
        ({"lat": "60,5"}, "query.lat"),
        ({"lat": "NaN"}, "query.lat"),
        ({"lat": "1e400"}, "query.lat"),
        ({"lon": "1_0"}, "query.lon"),
        ({"location": "60.0"}, "query.location"),
        ({"location": "60.0;30.0"}, "query.location"),
        ({"timestamp": "yesterday"}, "query.timestamp"),
        ({"timestamp": "9" * 19}, "query.timestamp"),
        ({"speed": "fast"}, "query.speed"),
        ({"valid": "false"}, "query.valid"),
        ({"valid": "0"}, "query.valid"),
        ({"lat": "91"}, "query"),
        ({"altitude": "1e9"}, "query"),
    ],
)
def test_a_report_that_is_none_is_refused_with_the_field(parameters: dict[str, str], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        query(**parameters)
    assert refused.value.kind == "invalid"
    assert [error.field for error in refused.value.errors] == [field]


def test_the_json_of_newer_clients() -> None:
    report = read_json(document({"accuracy": 3.8, "speed": 18.67, "heading": 63, "altitude": 35.7}, is_moving=True, extras={}))
    assert report.device_id == "48241179"
    fix = report.fix
    assert fix.fix_at == datetime(2025, 6, 15, 13, 45, 12, 862_000, tzinfo=UTC)
    assert (fix.lat, fix.lon, fix.speed_mps, fix.heading_deg) == (37.5, -122.25, 18.67, 63)
    assert (fix.accuracy_m, fix.altitude_m) == (3.8, 35.7)


def test_minus_one_means_unknown() -> None:
    fix = read_json(document({"speed": -1, "heading": -1, "accuracy": -1})).fix
    assert (fix.speed_mps, fix.heading_deg, fix.accuracy_m) == (None, None, None)
    assert query(speed="-1").fix.speed_mps is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "malformed"),
        (b"id=1&lat=2", "malformed"),
        (b"\xff", "malformed"),
        (b'{"device_id": "a", "x":' + b"[" * 30_000, "malformed"),
        (b"[]", "invalid"),
        (b"{}", "invalid"),
        (document({"latitude": 91}), "invalid"),
        (document({"latitude": "37.5"}), "invalid"),
        (document(timestamp="soon"), "invalid"),
    ],
)
def test_json_that_is_no_report_is_refused(body: bytes, kind: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_json(body)
    assert refused.value.kind == kind


@given(st.dictionaries(st.sampled_from([*PLACE, "timestamp", "speed", "location", "valid", "heading"]), st.text(max_size=30)))
def test_any_query_is_read_or_refused(parameters: dict[str, str]) -> None:
    with suppress(Refusal):
        assert read_query(parameters, NOW).device_id


@given(st.binary(max_size=100))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    with suppress(Refusal):
        read_json(body)


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
