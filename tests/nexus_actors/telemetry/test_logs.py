"""Logs: their shape, what they hide, and that they stop nobody."""

import io
import logging
import warnings
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from typing_extensions import override

from nexus_actors.settings.config import LogFormat
from nexus_actors.settings.secret import Secret
from nexus_actors.telemetry.logs import service_log
from nexus_actors.telemetry.redacting import MAX_ITEMS, MAX_TEXT, plain
from tests.nexus_actors.telemetry.log_lines import NOW, TOKEN, configure, lines, logging_restored


class Colour(Enum):
    RED = "red"


class Login(Struct):
    user: str
    password: str


def test_an_event_is_one_line_with_its_fields_in_a_fixed_order(output: io.BytesIO) -> None:
    configure(output)
    log = service_log("tracker-ms").bind(principal="svc:fleet", key="v-1", message_id="m-1", trace_id="t-1")
    log.info("fixes\nrecorded", count=3)
    assert output.getvalue() == (
        b'{"time":"2026-03-01T12:30:45.678Z","level":"info","service":"tracker-ms","event":"fixes\\nrecorded",'
        b'"trace_id":"t-1","message_id":"m-1","key":"v-1","principal":"svc:fleet","count":3}\n'
    )


def test_lines_below_the_level_are_dropped(output: io.BytesIO) -> None:
    configure(output, "warning")
    log = service_log("tracker-ms")
    log.debug("a")
    log.info("b")
    log.warning("c")
    log.error("d")
    logging.getLogger("asyncpg").info("e")
    logging.getLogger("asyncpg").warning("f")
    assert [line["event"] for line in lines(output)] == ["c", "d", "f"]


def test_what_is_off_is_not_even_rendered(output: io.BytesIO) -> None:
    class Costly:
        @override
        def __repr__(self) -> str:
            pytest.fail("rendered")

    configure(output, "warning")
    service_log("tracker-ms").info("a", thing=Costly())
    assert not output.getvalue()


def test_context_variables_and_the_process_fill_in(output: io.BytesIO) -> None:
    configure(output)
    with structlog.contextvars.bound_contextvars(trace_id="t-9"):
        structlog.get_logger("nexus.http").error("request failed")
    (line,) = lines(output)
    assert (line["service"], line["trace_id"], line["level"]) == ("nexus", "t-9", "error")


def test_an_exception_becomes_a_structured_stack_without_locals(output: io.BytesIO) -> None:
    configure(output)

    def fail(password: str) -> None:
        raise ValueError(f"cannot use postgresql://u:{password}@db/x")

    try:
        try:
            fail("hunter22")
        except ValueError as error:
            raise RuntimeError("start failed") from error
    except RuntimeError:
        service_log("fleet-service").exception("crashed")
    (line,) = lines(output)
    outer, inner = line["exception"]
    assert (outer["exc_type"], outer["exc_value"]) == ("RuntimeError", "start failed")
    assert (inner["exc_type"], inner["exc_value"]) == ("ValueError", "cannot use postgresql://u:***@db/x")
    assert inner["frames"][-1]["name"] == "fail"
    assert b"hunter22" not in output.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_secrets_do_not_come_through_in_any_shape(output: io.BytesIO, form: LogFormat) -> None:
    configure(output, form=form)
    try:
        raise ValueError(f"bad token {TOKEN}")
    except ValueError:
        service_log("auth-ms").error(
            f"refused {TOKEN}",
            password="hunter22",
            headers={"Authorization": "Bearer hunter22", "Accept": "x"},
            nested=[{"refresh_token": "hunter22"}, ("a", {"api_key": "hunter22"})],
            login=Login("ann", "hunter22"),
            secret_value=Secret("hunter22"),
            wrapped=[Secret("hunter22")],
            url="redis://:hunter22@cache/0",
            body=b"hunter22",
            cause=ValueError("password=hunter22"),
            exc_info=True,
        )
    text = output.getvalue().decode()
    assert "hunter22" not in text
    assert TOKEN not in text
    assert "ann" in text


def test_values_of_every_kind_are_written(output: io.BytesIO) -> None:
    configure(output)
    uuid = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    service_log("x").info(
        "kinds", id=uuid, at=NOW, colour=Colour.RED, ok=True, none=None, ratio=0.5, big=2**70, other=object, odd={(1, 2): {3}}
    )
    (line,) = lines(output)
    assert (line["id"], line["at"], line["colour"]) == (str(uuid), NOW.isoformat(), "red")
    assert (line["ok"], line["none"], line["ratio"], line["big"]) == (True, None, 0.5, 2**70)
    assert line["other"] == "<class 'object'>"
    assert line["odd"] == {"(1, 2)": [3]}


def test_lines_are_bounded() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert len(str(plain("x" * 1_000_000))) < MAX_TEXT + 100
    assert plain(list(range(MAX_ITEMS + 5)))[-1] == "... and 5 more"  # type: ignore[index]  # a list, as it went in
    assert "..." in str(plain(endless))


def test_the_standard_library_s_loggers_speak_through_it(output: io.BytesIO) -> None:
    configure(output)
    configure(output)
    logging.getLogger("asyncpg").warning("lost %s of %d", "one", 2)
    logging.getLogger("x").log(25, "between the levels")
    logging.getLogger("y").warning("%d", "no number")
    try:
        raise KeyError("k")
    except KeyError:
        logging.getLogger("aiohttp.server").exception("unhandled")
    first, between, wrong, last = lines(output)
    assert (first["event"], first["logger"], first["level"], first["service"]) == (
        "lost one of 2",
        "asyncpg",
        "warning",
        "nexus",
    )
    assert between["level"] == "info"
    assert "arguments that do not fit" in wrong["event"]
    assert last["exception"][0]["exc_type"] == "KeyError"


def test_warnings_become_lines(output: io.BytesIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        configure(output)
        warnings.warn("old ways", DeprecationWarning, stacklevel=1)
    (line,) = lines(output)
    assert line["logger"] == "py.warnings"
    assert "old ways" in line["event"]


def test_the_console_is_for_people(output: io.BytesIO) -> None:
    configure(output, form="console")
    service_log("tracker-ms").info("started", port=8081)
    text = output.getvalue().decode()
    assert "2026-03-01T12:30:45.678Z" in text
    assert "started" in text
    assert "port=8081" in text
    assert not text.startswith("{")


def test_an_output_that_fails_stops_nobody() -> None:
    class Full(io.BytesIO):
        @override
        def write(self, line: Any) -> int:
            raise OSError(28, "No space left on device")

    with logging_restored():
        configure(Full())
        service_log("x").error("lost")


@given(st.dictionaries(st.text(max_size=8), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=8) | st.uuids(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=3),
    max_leaves=10,
), max_size=6))  # fmt: skip
def test_any_fields_make_one_line_of_json(fields: dict[str, Any]) -> None:
    output = io.BytesIO()
    with logging_restored():
        configure(output)
        structlog.get_logger().bind(**fields).info(fields.get("event", "x"))
    (line,) = output.getvalue().splitlines()
    assert {*fields, "time", "level", "service", "event"} == set(msgspec.json.decode(line))


class Hostile(Exception):
    """Raises whatever it is asked."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


@pytest.mark.parametrize("form", ["json", "console"])
def test_what_raises_when_it_is_asked_for_its_text_makes_a_line(output: io.BytesIO, form: LogFormat) -> None:
    configure(output, form=form)
    service_log("x").error("odd", value=Hostile(), values=[Hostile()], thing=NoText(), exc_info=Hostile())
    assert b"Hostile" in output.getvalue()


class NoText:
    """Has no text."""

    def __repr__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize("form", ["json", "console"])
def test_an_error_with_thousands_behind_it_is_told_in_short(output: io.BytesIO, form: LogFormat) -> None:
    configure(output, form=form)
    group = ExceptionGroup("many", [ValueError(f"number {number}") for number in range(5_000)])
    service_log("x").error("odd", exc_info=group)
    assert b"number 4" in output.getvalue()
    assert len(output.getvalue()) < 2 * MAX_TEXT


def test_half_a_surrogate_pair_is_written_all_the_same(output: io.BytesIO) -> None:
    configure(output)
    service_log("x").info("odd \ud800", more="\udfff")
    (line,) = lines(output)
    assert line["event"] == "odd \\ud800"
