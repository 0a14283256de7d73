import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.puabo_nexus.gpx import GpxError, GpxTrack, Recording, parse_gpx, read_gpx
from modules.puabo_nexus.tracker.contract import Fix
from tests.modules.puabo_nexus.tracker.documents import gpx
from tests.modules.puabo_nexus.tracker.drives import at, drive, fix, length_m, tracks
from tests.modules.puabo_nexus.tracker.recordings import recording

HEAD = '<gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1">'


def one(points: str, head: str = HEAD) -> GpxTrack:
    read = parse_gpx(f"{head}<trk><trkseg>{points}</trkseg></trk></gpx>".encode())
    [track] = read.tracks
    assert read.left_out == 0
    return track


def spoilt(point: str) -> Recording:
    """What is read of a track with a point between two good ones."""
    good = '<trkpt lat="45" lon="13"><time>2020-12-18T06:15:{}Z</time></trkpt>\n'
    return parse_gpx(f"{HEAD}\n<trk><trkseg>{good.format(50)}{point}\n{good.format(52)}</trkseg></trk></gpx>".encode())


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
        (b"<gpx>" + b"<trk/>" * 10_001 + b"</gpx>", "more than 10000 tracks"),
        (b"<gpx>" + b"<a>" * 64, "deep"),
        (HEAD.encode() + b"<trk><name>" + b"x" * 100_001 + b"</name></trk></gpx>", "text"),
        (HEAD.encode() + b'<trk name="' + b"x" * 100_000 + b'"/></gpx>', "a tag or comment of more than"),
        (HEAD.encode() + b"<!--" + b"x" * 100_000 + b"--></gpx>", "a tag or comment of more than"),
        (b'<?xml version="1.0" encoding="rot13"?><gpx/>', "well-formed"),
        (b'<?xml version="1.0" encoding="utf-7"?><gpx/>', "well-formed"),
    ],
)
def test_what_is_no_track_is_refused_with_the_reason(document: bytes, reason: str) -> None:
    with pytest.raises(GpxError, match=reason):
        parse_gpx(document)


@pytest.mark.parametrize(
    ("point", "told"),
    [
        ('<trkpt lat="91" lon="0"/>', "lat '91', lon '0' is no place"),
        ('<trkpt lat="1" lon="180.1"/>', "lon '180.1' is no place"),
        ('<trkpt lat="1"/>', "lat '1' is no place"),
        ("<trkpt/>", "a point without lat and lon"),
        ('<trkpt lat="NaN" lon="0"/>', "lat 'NaN'"),
        ('<trkpt lat="1" lon="0"><time>noon</time></trkpt>', "time 'noon' is no instant"),
        ('<trkpt lat="1" lon="0"><time>2020-12-18T06:15:61Z</time></trkpt>', "time '2020-12-18T06:15:61Z'"),
    ],
)
def test_a_point_that_is_none_costs_itself_alone(point: str, told: str) -> None:
    read = spoilt(point)
    assert [item.fix_at.second for item in read.tracks[0].fixes] == [50, 52]
    assert read.left_out == 1
    assert read.told[0].startswith("line 3: ")
    assert told in read.told[0]


@pytest.mark.parametrize(
    "value", ["<ele>NaN</ele>", "<ele>x</ele>", "<ele>1e9</ele>", "<course>361</course>", "<speed>fast</speed>"]
)
def test_a_value_that_is_none_leaves_its_point(value: str) -> None:
    read = spoilt(f'<trkpt lat="1" lon="2">{value}<time>2020-12-18T06:15:51Z</time></trkpt>')
    assert read.tracks[0].fixes[1] == Fix(fix_at=datetime(2020, 12, 18, 6, 15, 51, tzinfo=UTC), lat=1.0, lon=2.0)
    assert (read.left_out, len(read.told)) == (1, 1)


def test_a_leap_second_is_the_second_after() -> None:
    track = one('<trkpt lat="1" lon="2"><time>2016-12-31T23:59:60.5Z</time></trkpt>')
    assert track.fixes[0].fix_at == datetime(2017, 1, 1, microsecond=500_000, tzinfo=UTC)


def test_what_is_unknown_to_the_receiver_is_left_out_without_a_word() -> None:
    point = one('<trkpt lat="1" lon="2"><speed>-1</speed><course>-1</course></trkpt>').segments[0][0]
    assert (point.speed_mps, point.course_deg) == (None, None)


@given(st.integers(0, 20))
def test_a_document_that_is_cut_off_is_read_up_to_there(cut: int) -> None:
    whole = recording(drive(0, 0, 100, 10, every_s=1), drive(60, 0, 100, 10, every_s=1))
    points = [match.end() for match in re.finditer(b"</trkpt>", whole)]
    end = points[cut]
    for rest in (b"", b"\n<trkpt lat=", b'\n<trkpt lat="1" lon="2"><time>2020-', b"<<", b"\xff"):
        read = parse_gpx(whole[:end] + rest)
        assert sum(len(track.fixes) for track in read.tracks) == cut + 1
        assert read.left_out == 1
        assert "no well-formed XML from here on" in read.told[0]


def test_of_what_is_left_out_all_is_counted_and_the_first_is_told() -> None:
    read = spoilt("<trkpt/>" * 100)
    assert (read.left_out, len(read.told)) == (100, 10)


TPX = "http://www.garmin.com/xmlschemas/TrackPointExtension"


@pytest.mark.parametrize("first", [True, False])
def test_what_a_point_says_itself_counts_and_not_what_an_extension_says(first: bool) -> None:
    own = "<ele>100</ele><time>2020-12-18T06:15:50Z</time><speed>3</speed><course>10</course>"
    others = f'<x:e xmlns:x="{TPX}/v2"><x:ele>9</x:ele><x:time>2001-01-01T00:00:00Z</x:time><x:speed>8</x:speed></x:e>'
    extensions = f"<extensions>{others}</extensions>"
    point = one(f'<trkpt lat="1" lon="2">{extensions + own if first else own + extensions}</trkpt>').segments[0][0]
    assert (point.altitude_m, point.speed_mps, point.course_deg) == (100.0, 3.0, 10.0)
    assert point.at == datetime(2020, 12, 18, 6, 15, 50, tzinfo=UTC)


def test_height_and_time_are_never_those_of_an_extension() -> None:
    extension = f'<x:e xmlns:x="{TPX}/v2"><x:ele>9</x:ele><x:time>2001-01-01T00:00:00Z</x:time></x:e>'
    point = one(f'<trkpt lat="1" lon="2"><extensions>{extension}</extensions></trkpt>').segments[0][0]
    assert (point.altitude_m, point.at) == (None, None)


@pytest.mark.parametrize(
    ("speed", "mps"),
    [
        (f'<x:speed xmlns:x="{TPX}/v1">9</x:speed>', 9.0),
        (f'<x:speed xmlns:x="{TPX}/v2">9</x:speed>', 9.0),
        ('<x:speed xmlns:x="https://osmand.net">9</x:speed>', 9.0),
        ("<speed>9</speed>", 9.0),
        ('<x:speed xmlns:x="http://example.com/kmh">9</x:speed>', None),
        ('<x:speed xmlns:x="http://example.com/kmh" unit="km/h">9</x:speed>', 2.5),
        ('<speed unit="knots">10</speed>', 5.144444),
        ('<speed uom="mph">10</speed>', 4.4704),
        ('<speed unit="furlongs">10</speed>', None),
        ('<speed unit="km/h">fast</speed>', None),
    ],
)
def test_a_speed_is_read_where_its_unit_is_known(speed: str, mps: float | None) -> None:
    point = one(f'<trkpt lat="1" lon="2"><extensions>{speed}</extensions></trkpt>').segments[0][0]
    assert point.speed_mps == (None if mps is None else pytest.approx(mps, abs=1e-6))


@pytest.mark.anyio
async def test_a_document_is_read_in_slices_between_which_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    document = recording(drive(0, 0, 60_000, 10, every_s=1))
    turns: list[int] = []

    async def turn() -> None:
        turns.append(1)

    monkeypatch.setattr("anyio.lowlevel.checkpoint", turn)
    assert await read_gpx(document) == parse_gpx(document)
    assert len(turns) >= len(document) / 16_384


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
    [read] = parse_gpx(gpx("a", track[:3], track[3:])).tracks
    assert [item.fix_at for item in read.fixes] == [item.fix_at for item in track]
    for item, original in zip(read.fixes, track, strict=True):
        assert (item.lat, item.lon) == pytest.approx((original.lat, original.lon), abs=6e-11)


def test_a_document_carries_name_segments_altitude_speed_and_course() -> None:
    fixes = [fix(0, altitude_m=-3.5, speed_mps=0.0, heading_deg=12.5), fix(1.5)]
    document = gpx('<Žarko & "Sons">\x00', fixes, drive(3660, 0, 100, 10))
    [track] = parse_gpx(document).tracks
    assert track.name == '<Žarko & "Sons">'
    assert [len(segment) for segment in track.segments] == [2, 2]
    first, second = track.segments[0]
    assert (first.altitude_m, first.speed_mps, first.course_deg) == (-3.5, 0.0, 12.5)
    assert (second.at, second.altitude_m, second.speed_mps) == (at(1.5), None, None)


@given(st.text())
def test_any_name_makes_a_document_that_can_be_read(name: str) -> None:
    [track] = parse_gpx(gpx(name, [fix(0), fix(1)])).tracks
    assert track.name is not None
    assert set(track.name) <= set(name) | {"\n"}


def test_what_xml_cannot_carry_is_left_out() -> None:
    [track] = parse_gpx(gpx("a\x00\x1f\ufffe\uffff\ud800b\U0001f69a", [fix(0), fix(1)])).tracks
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
    tracks = parse_gpx((shared_data / "gps" / file).read_bytes()).tracks
    assert [length_m(track.fixes) for track in tracks] == pytest.approx(lengths_m, abs=0.05)
