"""Fixes and trips as rows of the tables, and back."""

from collections.abc import Sequence
from typing import Final

from modules.puabo_nexus.tracker.contract import Fix, Trip
from nexus_actors.database import Row

FIX_COLUMNS: Final = "fix_at, lat, lon, altitude_m, speed_mps, heading_deg, accuracy_m"
TRIP_COLUMNS: Final = (
    "trip_id, vehicle_id, started_at, ended_at, start_lat, start_lon, end_lat, end_lon, "
    "distance_m, duration_s, max_speed_mps, average_speed_mps, end_reason, version"
)


def fix_of(row: Row) -> Fix:
    """The fix in a row with `FIX_COLUMNS`."""
    return Fix(
        fix_at=row["fix_at"],
        lat=row["lat"],
        lon=row["lon"],
        altitude_m=row["altitude_m"],
        speed_mps=row["speed_mps"],
        heading_deg=row["heading_deg"],
        accuracy_m=row["accuracy_m"],
    )


def fix_columns(fixes: Sequence[Fix]) -> tuple[list[object], ...]:
    """The fixes as one list per column, in the order of `FIX_COLUMNS`, for unnest."""
    return (
        [fix.fix_at for fix in fixes],
        [fix.lat for fix in fixes],
        [fix.lon for fix in fixes],
        [fix.altitude_m for fix in fixes],
        [fix.speed_mps for fix in fixes],
        [fix.heading_deg for fix in fixes],
        [fix.accuracy_m for fix in fixes],
    )


def trip_of_row(row: Row) -> Trip:
    """The trip in a row with `TRIP_COLUMNS`."""
    return Trip(**{name: row[name] for name in Trip.__struct_fields__})


def trip_values(trip: Trip) -> tuple[object, ...]:
    """The trip's values in the order of `TRIP_COLUMNS`."""
    return tuple(getattr(trip, name) for name in TRIP_COLUMNS.split(", "))
