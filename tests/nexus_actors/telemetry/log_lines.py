"""Log lines, as a test looks at them."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

from nexus_actors.settings.config import LogFormat, LogLevel
from nexus_actors.telemetry.logs import configure_logs

NOW = datetime(2026, 3, 1, 12, 30, 45, 678_901, tzinfo=UTC)
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


@contextmanager
def logging_restored() -> Iterator[None]:
    """Logging is the process's: put everything back as it was."""
    root = logging.getLogger()
    level, handlers, configured = root.level, list(root.handlers), structlog.get_config()
    try:
        yield
    finally:
        structlog.configure(**configured)
        structlog.contextvars.clear_contextvars()
        logging.captureWarnings(capture=False)
        root.setLevel(level)
        root.handlers[:] = handlers


def configure(output: io.BytesIO, level: LogLevel = "info", form: LogFormat = "json") -> None:
    logging.getLogger().handlers.clear()  # pytest's own, which raise what a library got wrong
    configure_logs(level=level, form=form, output=output, now=lambda: NOW)


def lines(output: io.BytesIO) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in output.getvalue().splitlines()]
