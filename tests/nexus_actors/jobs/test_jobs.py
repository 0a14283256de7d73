"""A job from its beginning in a turn to the turn in which its actor learns of its end."""

from pathlib import Path

import anyio
import pytest

from bus import Refusal, new_id
from nexus_actors import job_status
from tests.nexus_actors.jobs.stage import open_studio
from tests.nexus_actors.jobs.studio.contract import Cancel, Heard

pytestmark = pytest.mark.anyio


async def test_a_job_is_queued_runs_tells_its_progress_and_is_done(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        job_id = await studio.start("report 0.25 drums", "until go", "result loud", tenant="acme")
        assert await studio.hears() == [("progress", "0.25 drums")]
        running = await studio.status(job_id, "acme")
        assert (running.status, running.attempts, running.ended_at) == ("running", 1, None)
        await studio.counts("note = 'drums' AND fraction = 0.25")
        studio.let("go")
        assert (await studio.hears(2))[1:] == [("done", "loud")]
        done = await studio.status(job_id, "acme")
        assert (done.status, done.fraction, done.error) == ("done", 1, "")
        assert done.started_at
        assert done.ended_at
        assert done.created_at <= done.started_at <= done.ended_at


async def test_what_is_told_is_on_behalf_of_whoever_started_it_and_part_of_one_chain(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        job_id = await studio.start(tenant="acme")
        await studio.hears()
        heard = studio.platform.events(Heard)[0]
        assert heard.tenant == "acme"
        mixed = [f.envelope for f in studio.platform.seen if f.envelope.type.endswith(".mixed.v1")]
        assert [envelope.causationid for envelope in mixed] == [job_id]


async def test_a_turn_that_is_refused_or_fails_starts_no_job(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        for track, then in (("a", "refuse"), ("b", "fault"), ("c", "foreign"), ("d", "unknown")):
            with pytest.raises(Refusal):
                await studio.start(track=track, then=then)
        await studio.start(track="good")
        await studio.hears()
        assert await studio.count() == 1
        causes = await studio.platform.worker.platform.fetch("SELECT error FROM nexus.dead_letters ORDER BY key")
        assert "is not a job of this actor (c)" in causes[1]["error"]
        assert "has no work for Unknown" in causes[2]["error"]


async def test_a_job_of_another_tenant_or_service_is_not_found(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        job_id = await studio.start()
        database = studio.platform.worker.hosts["studio-test-ms"].database
        assert await job_status(database, "main", job_id) is not None
        assert await job_status(database, "acme", job_id) is None
        assert await job_status(database, "main", new_id()) is None
        assert await job_status(studio.platform.worker.platform, "main", job_id) is None


async def test_so_many_are_done_at_a_time_as_there_are_slots(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path, NEXUS_JOB_SLOTS="2") as studio:
        jobs = [await studio.start("until go", track=f"t{number}") for number in range(3)]
        await studio.becomes(jobs[1], "running")
        await anyio.sleep(0.3)
        assert [(await studio.status(job)).status for job in jobs] == ["running", "running", "queued"]
        studio.let("go")
        await studio.hears(3)


async def test_a_job_cancelled_in_the_turn_that_starts_it_never_runs(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        job_id = await studio.start(then="cancel")
        assert await studio.hears() == [("cancelled", "")]
        assert not studio.has("began-0")
        cancelled = await studio.status(job_id)
        assert (cancelled.status, cancelled.started_at) == ("cancelled", None)


async def test_a_queued_job_is_cancelled_although_no_slot_is_free(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        busy = await studio.start("until go", track="busy")
        await studio.becomes(busy, "running")
        waiting = await studio.start(track="waiting")
        await studio.platform.ask(Cancel(track="waiting", job_id=waiting))
        assert await studio.hears() == [("cancelled", "")]
        studio.let("go")
        assert (await studio.hears(2))[1:] == [("done", "mixed")]
        assert not studio.has("began-1")


async def test_a_running_job_learns_that_it_is_cancelled_and_cleans_up(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        job_id = await studio.start("heed never")
        await studio.until(lambda: studio.has("began-0"))
        await studio.platform.ask(Cancel(track="t", job_id=job_id))
        assert await studio.hears() == [("cancelled", "")]
        assert studio.has("cancelled")
        assert (await studio.status(job_id)).status == "cancelled"


async def test_cancelling_after_the_end_or_for_another_track_changes_nothing(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        ended = await studio.start(track="a")
        await studio.hears()
        running = await studio.start("until go", track="b")
        await studio.becomes(running, "running")
        await studio.platform.ask(Cancel(track="a", job_id=ended))
        await studio.platform.ask(Cancel(track="a", job_id=running))
        await studio.platform.ask(Cancel(track="a", job_id=new_id()))
        studio.let("go")
        assert await studio.hears(2) == [("done", "mixed"), ("done", "mixed")]
        assert await studio.count("cancel_requested") == 0


async def test_an_end_is_told_until_the_actor_knows_and_then_no_more(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        await studio.start()
        await studio.hears()
        assert await studio.count("reported") == 0, "that the stream has it is not enough"
        await studio.counts("reported")
        assert studio.heard() == [("done", "mixed")]


async def test_an_end_that_is_parked_counts_as_told(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        await studio.start("result fault")
        await studio.counts("reported")
        assert await studio.platform.worker.platform.fetchval("SELECT count(*) FROM nexus.dead_letters") == 1


async def test_an_end_that_the_streams_have_lost_is_told_again(database_url: str, tmp_path: Path) -> None:
    async with open_studio(database_url, tmp_path) as studio:
        first = await studio.start()
        await studio.hears()
        inbox = studio.platform.worker.hosts["studio-test-ms"].turns
        await inbox.execute(
            "DELETE FROM inbox WHERE message_id = (SELECT message_id FROM inbox ORDER BY handled_at DESC LIMIT 1)"
        )
        assert (await studio.hears(2)) == [("done", "mixed")] * 2, "what no inbox knows has not been heard"
        assert (await studio.status(first)).attempts == 1
