"""Works that fail, hang, babble, die, and answer what they must not."""

import os
from pathlib import Path

import anyio
import pytest
from msgspec import Raw

from bus.codec import decode_envelope, encode_envelope
from bus.round_trip import LONGEST_MESSAGE
from nexus_actors.jobs import attempt, runner
from tests.nexus_actors.jobs.stage import open_studio
from tests.nexus_actors.jobs.studio.contract import Cancel
from tests.nexus_actors.jobs.studio.works import Mixing

pytestmark = pytest.mark.anyio

_LATER = "SELECT not_before > '-infinity' FROM nexus.jobs WHERE status = 'queued'"


async def test_a_work_that_fails_is_tried_again(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        job_id = await studio.start("fail-first")
        assert await studio.hears() == [("done", "mixed")]
        assert (await studio.status(job_id)).attempts == 2


async def test_after_its_last_attempt_a_job_has_failed(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        job_id = await studio.start("fail")
        assert await studio.hears() == [("failed", "ValueError: out of tune, password=***")]
        failed = await studio.status(job_id)
        assert (failed.status, failed.attempts, failed.fraction) == ("failed", 2, 0)
        assert "hunter2" not in failed.error


@pytest.mark.parametrize(("step", "error"), [("fail-for-good", "KeyError: 'no such track'"), ("park", "Park: no such studio")])
async def test_an_error_that_no_attempt_will_mend_ends_the_job_at_once(
    database_url: str, tmp_path: Path, step: str, error: str
) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        job_id = await studio.start(step)
        assert await studio.hears() == [("failed", error)]
        assert (await studio.status(job_id)).attempts == 1


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("die", "The process of the work was ended by SIGKILL"),
        ("leave", "The process of the work ended with exit code 0"),
        ("exit", "SystemExit: 0"),
        ("garbage", "The work's process wrote what is no frame"),
        ("report 2", "2.0 is no fraction"),
    ],
)
async def test_a_work_that_breaks_has_failed(database_url: str, tmp_path: Path, step: str, told: str) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        await studio.start(step)
        [(what, detail)] = await studio.hears()
        assert what == "failed"
        assert told in detail
        assert studio.has("began-1")


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("result foreign", "Mixing.run returned a command for 'another', and the job is of 't'."),
        ("report 0.5 foreign", "Mixing.progressed returned a command for 'another', and the job is of 't'."),
        ("report 0.5 exit", "instead of SystemExit: 3"),
    ],
)
async def test_what_is_told_of_a_job_and_cannot_be_fails_it_at_once(
    database_url: str, tmp_path: Path, step: str, told: str
) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        await studio.start(step, "sleep 1")
        [(what, detail)] = await studio.hears()
        assert what == "failed"
        assert told in detail
        assert not studio.has("began-1")


async def test_texts_of_a_work_are_kept_whatever_is_in_them(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        job_id = await studio.start("odd-note", "until told", "odd-error")
        assert await studio.hears() == [("progress", r"0.5 half \udcff\0")]
        await studio.counts(r"note = 'half \udcff\0'")
        studio.let("told")
        assert (await studio.hears(3))[2:] == [("failed", r"ValueError: bad \udcff\0")]
        assert (await studio.status(job_id)).error == r"ValueError: bad \udcff\0"


async def test_a_result_that_is_too_large_fails_the_job_at_once_and_says_so(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        await studio.start(f"result-of {LONGEST_MESSAGE}")
        [(what, detail)] = await studio.hears()
        assert what == "failed"
        assert "run returned what cannot be told: nexus.studio-test-ms.mixed.v1 has 1,048," in detail
        assert not studio.has("began-1")


async def test_a_job_that_an_earlier_release_started_too_large_fails_at_once(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(runner, "LONGEST_ENVELOPE", 100)
            await studio.start("result never")
            [(what, detail)] = await studio.hears()
        assert what == "failed"
        assert "too many to be handed over" in detail
        assert not studio.has("began-0")


async def test_a_work_that_takes_too_long_is_ended(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mixing, "time_limit_s", 0.7)
    monkeypatch.setattr(Mixing, "attempts", 1)
    async with open_studio(database_url, tmp_path) as studio:
        await studio.start("until never")
        assert await studio.hears() == [("failed", "It took longer than its time limit of 0.7 s.")]
        assert studio.has("left-0"), "SIGTERM lets it clean up"


async def test_a_cancelled_work_that_does_not_report_is_ended(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "CANCEL_S", 0.2)
    async with open_studio(database_url, tmp_path) as studio:
        job_id = await studio.start("until never")
        await studio.until(lambda: studio.has("began-0"))
        await studio.platform.ask(Cancel(track="t", job_id=job_id))
        assert await studio.hears() == [("cancelled", "")]


async def test_no_program_that_a_work_has_started_outlives_it(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        await studio.start("program", "die")
        await studio.hears()
        pid = int((tmp_path / "program").read_text())
        with anyio.fail_after(5):
            while runs(pid):  # noqa: ASYNC110 - the kernel tells nobody
                await anyio.sleep(0.02)


async def test_what_a_work_prints_and_reads_does_not_get_between_it_and_its_worker(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        await studio.start("print {} hello", "read")
        assert await studio.hears() == [("done", "''")]


async def test_a_work_is_not_given_the_worker_s_secrets(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXUS_DATABASE_URL", database_url)
    monkeypatch.setenv("NEXUS_AUTH_KEK", "x" * 40)
    monkeypatch.setenv("NEXUS_DATA_DIR", "data")
    async with open_studio(database_url, tmp_path) as studio:
        for name in ("NEXUS_DATABASE_URL", "NEXUS_AUTH_KEK", "NEXUS_DATA_DIR"):
            await studio.start(f"environment {name}")
        assert [detail for _, detail in await studio.hears(3)] == ["absent", "absent", "data"]


async def test_an_end_that_cannot_be_told_is_kept_with_its_cause(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        job_id = await studio.start(then="unheard")
        failed = await studio.becomes(job_id, "failed")
        assert failed.error == "ValueError: no sound Its actor was not told: LookupError: nobody to tell"
        assert await studio.count("reported") == 1


async def test_a_job_that_cannot_be_read_has_failed(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path, NEXUS_JOB_SLOTS="0") as studio:
        job_id = await studio.start()
        turns = studio.platform.worker.hosts["studio-test-ms"].turns
        await turns.execute("UPDATE nexus.jobs SET body = $1", b"{}")
    async with open_studio(database_url, tmp_path) as studio:
        assert "The job cannot be read" in (await studio.becomes(job_id, "failed")).error


async def test_a_job_that_only_a_newer_release_can_read_waits_for_it(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path, NEXUS_JOB_SLOTS="0") as studio:
        await studio.start()
        database = studio.platform.worker.hosts["studio-test-ms"].turns
        body = await database.fetchval("SELECT body FROM nexus.jobs")
        envelope = decode_envelope(body).replace(data=Raw(b"{}"), dataschema="nexus:00000000")
        await database.execute("UPDATE nexus.jobs SET body = $1", encode_envelope(envelope))
    async with open_studio(database_url, tmp_path) as studio:
        database = studio.platform.worker.hosts["studio-test-ms"].turns
        with anyio.fail_after(20):
            while not await database.fetchval(_LATER):  # noqa: ASYNC110 - nobody tells
                await anyio.sleep(0.05)
        assert await database.fetchval("SELECT failures + losses FROM nexus.jobs") == 0
        await database.execute("UPDATE nexus.jobs SET body = $1, not_before = '-infinity'", body)
        assert await studio.hears() == [("done", "mixed")]


async def test_a_job_of_a_newer_release_is_left_to_it(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path, NEXUS_JOB_SLOTS="0") as studio:
        job_id = await studio.start()
        turns = studio.platform.worker.hosts["studio-test-ms"].turns
        await turns.execute("UPDATE nexus.jobs SET kind = replace(kind, '.v1', '.v2')")
    async with open_studio(database_url, tmp_path) as studio:
        await studio.start(track="other")
        await studio.hears()
        assert (await studio.status(job_id)).status == "queued"


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
