"""Writing tracks as GeoJSON (RFC 7946)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.domain.stretches import split_at_antimeridian

CONTENT_TYPE = "application/geo+json"


def geojson_document(runs: Iterable[Sequence[Fix]], properties: Mapping[str, object]) -> bytes:
    """A FeatureCollection with a feature per run of fixes.

    A run is a LineString, or a MultiLineString where it crosses the antimeridian; a single fix is a Point. The instants of the
    positions stand in the property ``coordTimes``, in the shape of the coordinates, as GPX converters write them.

    Args:
        properties: given to each feature.
    """
    features = [_feature(run, properties) for run in runs if run]
    return msgspec.json.encode({"type": "FeatureCollection", "features": features})


def _feature(run: Sequence[Fix], properties: Mapping[str, object]) -> dict[str, Any]:
    geometry, times = _geometry(run)
    return {"type": "Feature", "geometry": geometry, "properties": {**properties, "coordTimes": times}}


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
