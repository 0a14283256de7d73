"""Logs: one line an event, on one output, whoever wrote it."""

import io
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import IO, Final

import msgspec
import structlog
from structlog.dev import ConsoleRenderer
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, ExcInfo, FilteringBoundLogger, Processor, WrappedLogger
from typing_extensions import override

from bus.text import error_text
from nexus_actors.failures.cause import described, is_vast
from nexus_actors.failures.redaction import redact_text
from nexus_actors.settings.config import LogFormat, LogLevel
from nexus_actors.telemetry.redacting import redact_event

Log = FilteringBoundLogger

_FIRST: Final = ("time", "level", "service", "event", "trace_id", "message_id", "key", "principal")
_MAX_FRAMES: Final = 30
_LEVELS: Final[dict[LogLevel, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def configure_logs(
    *,
    level: LogLevel,
    form: LogFormat,
    output: IO[bytes],
    now: Callable[[], datetime],
    process: str = "nexus",
) -> None:
    """Set up structlog and the standard library's logging for this process; may be called again.

    Args:
        level: what is below it costs next to nothing and is dropped.
        form: ``json`` for machines, ``console`` for people (in colour where the output is a terminal).
        output: where lines go. An output that fails loses lines and stops nobody.
        now: the clock, UTC.
        process: what ``service`` says on lines that belong to no service.
    """
    structlog.configure(
        processors=_processors(form, now, process, colours=output.isatty()),
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=_Output(output),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _ToStructlog)]:
        root.removeHandler(handler)
    root.addHandler(_ToStructlog())
    root.setLevel(_LEVELS[level])
    logging.captureWarnings(capture=True)


def service_log(service: str) -> Log:
    """The logger of a service. Bind what belongs to a message with ``log.bind(trace_id=..., message_id=..., key=...)``."""
    bound: Log = structlog.get_logger().bind(service=service)
    return bound


def _processors(form: LogFormat, now: Callable[[], datetime], process: str, *, colours: bool) -> list[Processor]:
    def stamp(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["time"] = now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event.setdefault("service", process)
        return event

    common: list[Processor] = [structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, stamp]
    if form == "json":
        frames = ExceptionDictTransformer(show_locals=False, max_frames=_MAX_FRAMES)
        return [*common, _shorten, structlog.processors.ExceptionRenderer(frames), redact_event, _render_json]
    console = ConsoleRenderer(colors=colours, timestamp_key="time", exception_formatter=_write_traceback)

    def render_console(logger: WrappedLogger, method: str, event: EventDict) -> bytes:
        return console(logger, method, event).encode(errors="backslashreplace")

    return [*common, _redact_but_exception, render_console]


def _shorten(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """An error with thousands of others behind it is told in short: laying all of it out would take seconds and a page."""
    raised = event.get("exc_info")
    if raised is True:
        raised = sys.exc_info()
    error = raised[1] if isinstance(raised, tuple) else raised
    if isinstance(error, BaseException) and is_vast(error):
        del event["exc_info"]
        event["exception"] = described(error)
    return event


def _render_json(_: WrappedLogger, __: str, event: EventDict) -> bytes:
    ordered = {name: event[name] for name in _FIRST if name in event}
    ordered.update(event)
    try:
        return msgspec.json.encode(ordered)
    except UnicodeEncodeError:  # half a surrogate pair, from input that was not Unicode
        return msgspec.json.encode({name: _mend(value) for name, value in ordered.items()})


def _mend(value: object) -> object:
    return str(value).encode(errors="backslashreplace").decode()


def _redact_but_exception(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """The console renderer formats exceptions itself, and wants them as they are."""
    exc_info = event.pop("exc_info", None)
    redacted = dict(redact_event(logger, method, event))
    if exc_info:
        redacted["exc_info"] = exc_info
    return redacted


def _write_traceback(output: io.TextIOBase | IO[str], exc_info: ExcInfo) -> None:
    output.write(redact_text(described(exc_info[1])).rstrip("\n"))


class _Output:
    """The end of the chain, which is also its own factory: writes a line and flushes it."""

    def __init__(self, output: IO[bytes]) -> None:
        self._output = output

    def __call__(self, *_: object) -> "_Output":
        return self

    def msg(self, line: bytes) -> None:
        # A full disk or a closed pipe is no reason for a turn to fail.
        with suppress(OSError, ValueError):
            self._output.write(line + b"\n")
            self._output.flush()

    debug = info = warning = error = critical = log = msg


class _ToStructlog(logging.Handler):
    """Hands the records of the standard library (asyncpg, aiohttp, asyncio) to structlog."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        try:
            text = record.getMessage()
        except Exception as error:  # noqa: BLE001 - a library's malformed call is its bug, and still worth a line
            text = f"{record.msg!r} with arguments that do not fit: {error_text(error)}"
        structlog.get_logger().log(level, text, logger=record.name, exc_info=record.exc_info or None)
