"""An instant for tests that need one."""

from datetime import UTC, datetime

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
