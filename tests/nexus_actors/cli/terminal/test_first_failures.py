"""Failures of handlers, as the terminal of `nexus up` shows them."""

import io
from datetime import UTC, datetime
from pathlib import Path

import anyio
import click
import pytest

from nexus_actors.cli.terminal.first_failures import first_failure, follow_failures
from nexus_actors.cli.terminal.log_line import shown
from nexus_actors.local.home import Home
from nexus_actors.telemetry.logs import configure_logs, service_log
from tests.nexus_actors.telemetry.log_lines import logging_restored

pytestmark = pytest.mark.anyio


def boil() -> None:
    raise ValueError("dry")


def logged(event: str, failures: int) -> str:
    """The line of a log that the runtime writes of a failure."""
    output = io.BytesIO()
    with logging_restored():
        configure_logs(level="info", form="json", output=output, now=lambda: datetime(2026, 1, 1, tzinfo=UTC))
        try:
            boil()
        except ValueError as error:
            fields = {"type": "nexus.kettle-ms.boil.v1", "message_id": "7", "failures": str(failures), "key": "k"}
            getattr(service_log("kettle-ms"), "warning")(event, **fields, exc_info=error)  # noqa: B009 - a bound logger
    return output.getvalue().decode().strip()


def test_the_first_failure_is_told_with_the_frames_of_the_service() -> None:
    told = first_failure(logged("message_retried", 1))
    assert told is not None
    first, *below = told.splitlines()
    assert first == "kettle-ms: nexus.kettle-ms.boil.v1 failed, message 7. It is tried again."
    assert below[-3].strip().startswith(f'File "{__file__}", line')
    assert below[-2:] == ['        raise ValueError("dry")', "    ValueError: dry"]
    assert "dead letters" in str(first_failure(logged("message_parked", 1)))


@pytest.mark.parametrize("line", [logged("message_retried", 2), logged("something_else", 1), "no event", ""])
def test_nothing_else_is(line: str) -> None:
    assert first_failure(line) is None


def test_logs_show_what_was_raised_in_lines_of_its_own() -> None:
    first, *below = click.unstyle(shown(logged("message_retried", 2))).splitlines()
    assert first.endswith("message_retried  message_id=7 key=k type=nexus.kettle-ms.boil.v1 failures=2")
    assert below[-1] == "ValueError: dry"
    assert shown('{"event":"x","exception":"old"}').endswith("exception=old")


async def test_the_logs_of_all_workers_are_followed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.logs.mkdir(parents=True)
    files = [home.logs / f"worker-{number}.log" for number in (1, 2)]
    for file in files:
        file.write_text(logged("message_retried", 1) + "\n")
    told: list[str] = []
    enough = anyio.Event()

    def show(text: str) -> None:
        told.append(text)
        if len(told) == len(files):
            enough.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(follow_failures, home, show)
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        for file in files:
            with file.open("a") as log:
                log.write(logged("message_retried", 1) + "\n")
        with anyio.fail_after(30):
            await enough.wait()
        tasks.cancel_scope.cancel()
    assert len(told) == len(files), "what was there before is not told again"
