"""Fixes as rows, and back."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import astuple

from modules.puabo_nexus.tracker.contract import Fix
from nexus_actors.database import Row

FIX_COLUMNS: Final = ", ".join(Fix.__struct_fields__)


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
        battery_pct=row["battery_pct"],
        charging=row["charging"],
        ignition=row["ignition"],
    )


def fix_columns(fixes: Sequence[Fix]) -> tuple[tuple[object, ...], ...]:
    """The fixes as one list per column, in the order of `FIX_COLUMNS`, for unnest. There is one at least."""
    return tuple(zip(*map(astuple, fixes), strict=True))
