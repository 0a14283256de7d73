"""Writing tracks as GeoJSON (RFC 7946)."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec
from anyio import to_thread

from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.domain.stretches import split_at_antimeridian, split_at_gaps
from modules.puabo_nexus.tracker.domain.track import TripRules

CONTENT_TYPE = "application/geo+json"
MOST_POSITIONS = 20_000


async def geojson_document(
    slices: AsyncIterable[Sequence[Fix]], properties: Mapping[str, object], rules: TripRules
) -> AsyncGenerator[bytes, None]:
    """A FeatureCollection with a feature per run of fixes without a gap, in parts: one for each feature.

    A run is a LineString, or a MultiLineString where it crosses the antimeridian; a single fix is a Point. One of more than
    `MOST_POSITIONS` fixes is several that touch: no more is held in memory. The instants of the positions stand in the property
    ``coordTimes``, in the shape of the coordinates, as GPX converters write them.

    Args:
        properties: given to each feature.
    """
    before = b'{"type":"FeatureCollection","features":['
    async for run in _runs(slices, rules):
        yield before + await to_thread.run_sync(_feature, run, properties)
        before = b","
    yield b"]}" if before == b"," else before + b"]}"


async def _runs(slices: AsyncIterable[Sequence[Fix]], rules: TripRules) -> AsyncIterator[list[Fix]]:
    run: list[Fix] = []
    async for fixes in slices:
        going_on, *others = split_at_gaps(fixes, run[-1] if run else None, rules)
        run += going_on
        for other in others:
            if run:
                yield run
            run = other
        while len(run) > MOST_POSITIONS:
            yield run[:MOST_POSITIONS]
            run = run[MOST_POSITIONS - 1 :]
    if run:
        yield run


def _feature(run: Sequence[Fix], properties: Mapping[str, object]) -> bytes:
    geometry, times = _geometry(run)
    feature = {"type": "Feature", "geometry": geometry, "properties": {**properties, "coordTimes": times}}
    return msgspec.json.encode(feature)


def _geometry(run: Sequence[Fix]) -> tuple[dict[str, Any], Any]:
    has_altitude = all(fix.altitude_m is not None for fix in run)
    if len(run) == 1:
        return {"type": "Point", "coordinates": _position(run[0], has_altitude)}, run[0].fix_at
    parts = split_at_antimeridian(run)
    lines = [[_position(fix, has_altitude) for fix in part] for part in parts]
    times = [[fix.fix_at for fix in part] for part in parts]
    if len(parts) == 1:
        return {"type": "LineString", "coordinates": lines[0]}, times[0]
    return {"type": "MultiLineString", "coordinates": lines}, times


def _position(fix: Fix, has_altitude: bool) -> list[float | None]:
    return [fix.lon, fix.lat, fix.altitude_m] if has_altitude else [fix.lon, fix.lat]
