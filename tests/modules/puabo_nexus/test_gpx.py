from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.puabo_nexus.gpx import GpxError, GpxTrack, parse_gpx
from modules.puabo_nexus.tracker.contract import Fix
from tests.modules.puabo_nexus.tracker.documents import gpx
from tests.modules.puabo_nexus.tracker.drives import at, drive, fix, length_m, tracks

HEAD = '<gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1">'


def one(points: str, head: str = HEAD) -> GpxTrack:
    [track] = parse_gpx(f"{head}<trk><trkseg>{points}</trkseg></trk></gpx>".encode())
    return track


def test_a_point_is_read_with_what_it_carries() -> None:
    track = one('<trkpt lat="45.5" lon="-13.25"><ele>211.15</ele><time>2020-12-18T06:15:50.250Z</time></trkpt>')
    assert track.fixes == (
        Fix(fix_at=datetime(2020, 12, 18, 6, 15, 50, 250_000, tzinfo=UTC), lat=45.5, lon=-13.25, altitude_m=211.15),
    )


def test_speed_and_course_are_read_from_either_version() -> None:
    old = one('<trkpt lat="1" lon="2"><course>360</course><speed>3.5</speed></trkpt>', '<gpx version="1.0">')
    new = one(
        '<trkpt lat="1" lon="2"><extensions><x:TrackPointExtension xmlns:x="http://www.garmin.com/xmlschemas/'
        'TrackPointExtension/v2"><x:speed>3.5</x:speed><x:course>0</x:course></x:TrackPointExtension></extensions></trkpt>'
    )
    for track in (old, new):
        assert (track.segments[0][0].speed_mps, track.segments[0][0].course_deg) == (3.5, 0.0)


def test_a_time_without_zone_is_utc_and_another_zone_is_turned_into_it() -> None:
    track = one(
        '<trkpt lat="1" lon="2"><time>2020-01-01T10:00:00</time></trkpt>'
        '<trkpt lat="1" lon="2"><time>2020-01-01T12:30:00+02:30</time></trkpt>'
    )
    assert {item.fix_at for item in track.fixes} == {datetime(2020, 1, 1, 10, tzinfo=UTC)}


def test_points_without_time_are_points_but_no_fixes() -> None:
    track = one('<trkpt lat="1" lon="2"/>')
    assert len(track.segments[0]) == 1
    assert track.fixes == ()


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"", "well-formed"),
        (b"<gpx>", "well-formed"),
        (b"{}", "well-formed"),
        (b"<kml/>", "no GPX"),
        (HEAD.encode() + b'<trk><trkseg><trkpt lat="91" lon="0"/></trkseg></trk></gpx>', "90 degrees"),
        (HEAD.encode() + b'<trk><trkseg><trkpt lat="1" lon="180.1"/></trkseg></trk></gpx>', "180 degrees"),
        (HEAD.encode() + b'<trk><trkseg><trkpt lat="1"/></trkseg></trk></gpx>', "no 'lon'"),
        (HEAD.encode() + b'<trk><trkseg><trkpt lat="NaN" lon="0"/></trkseg></trk></gpx>', "no number"),
        (HEAD.encode() + b'<trk><trkseg><trkpt lat="1,5" lon="0"/></trkseg></trk></gpx>', "no number"),
        (HEAD.encode() + b'<trk><trkseg><trkpt lat="1" lon="0"><ele>x</ele></trkpt></trkseg></trk></gpx>', "no number"),
        (HEAD.encode() + b'<trk><trkseg><trkpt lat="1" lon="0"><time>noon</time></trkpt></trkseg></trk></gpx>', "time"),
        (b"<gpx>" + b"<a>" * 64, "deep"),
        (HEAD.encode() + b"<trk><name>" + b"x" * 100_001 + b"</name></trk></gpx>", "text"),
    ],
)
def test_what_is_no_track_is_refused_with_the_reason(document: bytes, reason: str) -> None:
    with pytest.raises(GpxError, match=reason):
        parse_gpx(document)


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE gpx SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE gpx [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE gpx [<!ENTITY x SYSTEM "http://localhost/x">]>',
    ],
)
def test_a_document_type_is_refused(prolog: str) -> None:
    with pytest.raises(GpxError, match="document type"):
        parse_gpx(f"{prolog}<gpx><trk><name>&b;</name></trk></gpx>".encode())


def test_a_document_over_the_bound_is_refused_unread() -> None:
    with pytest.raises(GpxError, match="are allowed"):
        parse_gpx(b"<gpx/>", max_bytes=5)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(junk: bytes) -> None:
    for document in (junk, HEAD.encode() + junk + b"</gpx>"):
        with suppress(GpxError):
            parse_gpx(document)


@given(tracks(max_parts=3))
def test_what_is_written_reads_back_to_the_tenth_decimal(track: list[Fix]) -> None:
    [read] = parse_gpx(gpx("a", track[:3], track[3:]))
    assert [item.fix_at for item in read.fixes] == [item.fix_at for item in track]
    for item, original in zip(read.fixes, track, strict=True):
        assert (item.lat, item.lon) == pytest.approx((original.lat, original.lon), abs=6e-11)


def test_a_document_carries_name_segments_altitude_speed_and_course() -> None:
    fixes = [fix(0, altitude_m=-3.5, speed_mps=0.0, heading_deg=12.5), fix(1.5)]
    document = gpx('<Žarko & "Sons">\x00', fixes, drive(3660, 0, 100, 10))
    [track] = parse_gpx(document)
    assert track.name == '<Žarko & "Sons">'
    assert [len(segment) for segment in track.segments] == [2, 2]
    first, second = track.segments[0]
    assert (first.altitude_m, first.speed_mps, first.course_deg) == (-3.5, 0.0, 12.5)
    assert (second.at, second.altitude_m, second.speed_mps) == (at(1.5), None, None)


@given(st.text())
def test_any_name_makes_a_document_that_can_be_read(name: str) -> None:
    [track] = parse_gpx(gpx(name, [fix(0), fix(1)]))
    assert track.name is not None
    assert set(track.name) <= set(name) | {"\n"}


def test_what_xml_cannot_carry_is_left_out() -> None:
    [track] = parse_gpx(gpx("a\x00\x1f\ufffe\uffff\ud800b\U0001f69a", [fix(0), fix(1)]))
    assert track.name == "ab\U0001f69a"


def test_small_numbers_are_written_without_an_exponent() -> None:
    document = gpx("a", [Fix(fix_at=at(0), lat=1e-7, lon=-1e-12, altitude_m=0.0)])
    assert b'lat="0.0000001" lon="0"' in document


def test_the_antimeridian_is_written_as_the_schema_has_it() -> None:
    document = gpx("a", [Fix(fix_at=at(0), lat=1.0, lon=180.0), Fix(fix_at=at(1), lat=1.0, lon=-180.0)])
    assert document.count(b'lon="-180"') == 2


@pytest.mark.reference
@pytest.mark.parametrize(
    ("file", "lengths_m"),
    [
        ("around-visnjan-with-car.gpx", [2736.0]),
        ("cerknicko-jezero.gpx", [0, 1913.8, 873.2, 30.3, 1352.0, 31.9, 28.6, 347.1]),
        ("custom_schema_locations.gpx", []),
        ("gpx1.0_with_all_fields.gpx", [0, 0]),
        ("gpx1.1_with_all_fields.gpx", [0, 0]),
        ("gpx1.1_with_extensions.gpx", []),
        ("track-with-empty-segment.gpx", [86.0]),
        ("track_with_dilution_errors.gpx", [0]),
        ("unicode_with_bom.gpx", []),
    ],
)
def test_recordings_and_corner_cases_of_others_are_read(shared_data: Path, file: str, lengths_m: list[float]) -> None:
    recordings = parse_gpx((shared_data / "gps" / file).read_bytes())
    assert [length_m(track.fixes) for track in recordings] == pytest.approx(lengths_m, abs=0.05)
