"""Jobs of a service in memory."""

from pathlib import Path
from uuid import UUID

import pytest

from nexus_actors.testing import MemoryService, open_memory_service
from tests.nexus_actors.jobs.studio.contract import Cancel, Heard, Mix, Start
from tests.nexus_actors.jobs.studio.service import service

pytestmark = pytest.mark.anyio


async def start(studio: MemoryService, folder: Path, *steps: str) -> UUID:
    return await studio.ask(Start(track="t", folder=str(folder), steps=steps))


def heard(studio: MemoryService) -> list[tuple[str, str]]:
    return [(event.what, event.detail) for event in studio.events(Heard)]


async def test_jobs_are_done_when_the_test_says_so(tmp_path: Path) -> None:
    async with open_memory_service(service) as studio:
        await start(studio, tmp_path, "report 0.5 half", "result loud")
        assert studio.jobs(Mix) == [Mix(track="t", folder=str(tmp_path), steps=("report 0.5 half", "result loud"))]
        assert heard(studio) == []
        await studio.do_jobs()
        assert heard(studio) == [("progress", "0.5 half"), ("done", "loud")]
        await studio.do_jobs()
        assert len(heard(studio)) == 2


async def test_a_failing_job_is_tried_again_and_given_up(tmp_path: Path) -> None:
    async with open_memory_service(service) as studio:
        await start(studio, tmp_path, "fail-first")
        await studio.do_jobs()
        assert heard(studio) == [("done", "mixed")]
        await start(studio, tmp_path, "fail")
        await studio.do_jobs()
        assert [what for what, _ in heard(studio)] == ["done", "failed"]


async def test_a_cancelled_job_is_not_begun(tmp_path: Path) -> None:
    async with open_memory_service(service) as studio:
        job_id = await start(studio, tmp_path)
        await studio.ask(Cancel(track="t", job_id=job_id))
        await studio.do_jobs()
        assert heard(studio) == [("cancelled", "")]
        assert not (tmp_path / "began-0").exists()


async def test_a_job_that_no_attempt_will_mend_is_given_up_and_one_may_say_when_to_begin_again(tmp_path: Path) -> None:
    async with open_memory_service(service) as studio:
        await start(studio, tmp_path, "fail-for-good")
        await studio.do_jobs()
        assert heard(studio) == [("failed", "KeyError: 'no such track'")]
        assert [file.name for file in tmp_path.glob("began-*")] == ["began-0"]
        await start(studio, tmp_path, "again 60")
        await studio.do_jobs()
        assert len(heard(studio)) == 1
        await studio.advance(60)
        await studio.do_jobs()
        assert heard(studio)[1:] == [("failed", "Retry: the tape is wet")]
