"""A short drive for tests: east for a kilometre, a fix every ten seconds."""

from datetime import UTC, datetime, timedelta

from modules.puabo_nexus.tracker.contract import Fix

START = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
LAT, LON = 45.27, 13.71
M_PER_DEG_LON = 78_500.0


def fix(step: int, east_m: float) -> Fix:
    """A fix so many tens of seconds after the start, so many metres east of it."""
    return Fix(fix_at=START + timedelta(seconds=10 * step), lat=LAT, lon=LON + east_m / M_PER_DEG_LON)


DRIVE = [fix(step, 100.0 * step) for step in range(11)]
