"""Breaks of how jobs are done: by one worker at a time, whatever dies, and told until it is known."""

from typing import Final

from tests.mutations.mutation import Mutation

_ALONE: Final = "a job is done by one worker at a time"
_TOLD: Final = "the end of a job is told once"
_SURVIVES: Final = "a job outlives its workers"

_STORE: Final = "tests/conformance/runtime/test_job_store.py"
_PROCESS: Final = "tests/nexus_actors/jobs/test_process.py"
_JOBS: Final = "tests/nexus_actors/jobs/test_jobs.py"
_HANDING: Final = "tests/nexus_actors/jobs/test_handing_over.py"
_STALE: Final = f"{_STORE}::test_a_lease_that_expired_is_queued_again_and_its_former_owner_writes_nothing[postgres]"
_QUIET: Final = "a job that says too much slows nobody else"
_OUTPUT: Final = "tests/nexus_actors/jobs/test_output.py"

MUTATIONS: Final = (
    Mutation(
        _ALONE,
        "a work goes on when its lease has run out",
        "nexus_actors/jobs/guard.py",
        "if time.monotonic() >= self._until and not",
        "if time.monotonic() < 0 and not",
        (f"{_PROCESS}::test_a_work_whose_lease_is_not_prolonged_is_ended_with_all_that_it_has_started",),
    ),
    Mutation(
        _ALONE,
        "a work goes on when its worker is gone",
        "nexus_actors/jobs/guard.py",
        "        if not piece:\n            end_all()",
        "        if not piece:\n            time.sleep(1)",
        (f"{_PROCESS}::test_a_work_whose_worker_is_gone_is_ended",),
    ),
    Mutation(
        _ALONE,
        "a lease that was lost is renewed",
        "nexus_actors/postgres/job_sql.py",
        "ON j.job_id = k.job_id AND j.generation = k.generation\n    WHERE j.owner = $1 AND j.status = 'running'",
        "ON j.job_id = k.job_id\n    WHERE $1::text <> '' AND j.status = 'running'",
        (_STALE,),
    ),
    Mutation(
        _TOLD,
        "an end is taken under an old generation",
        "nexus_actors/postgres/job_sql.py",
        "WHERE job_id = $1 AND generation = $2 AND status IN ('running', $3) AND NOT reported",
        "WHERE job_id = $1 AND generation >= $2 AND status IN ('running', $3) AND NOT reported",
        (_STALE,),
    ),
    Mutation(
        _TOLD,
        "what was published counts as known",
        "nexus_actors/jobs/announcer.py",
        "heard = [end.job_id for end in untold if end.settled] + await self._handled(untold)",
        "heard = [end.job_id for end in untold]",
        (f"{_JOBS}::test_an_end_that_the_streams_have_lost_is_told_again",),
    ),
    Mutation(
        _TOLD,
        "each report of an end has an id of its own",
        "nexus_actors/jobs/store.py",
        'return derive_id(job_id, "ended")',
        'return __import__("bus").new_id()',
        (f"{_JOBS}::test_an_end_is_told_until_the_actor_knows_and_then_no_more",),
    ),
    Mutation(
        _SURVIVES,
        "nobody looks for leases that have expired",
        "nexus_actors/postgres/job_sql.py",
        "WHERE status = 'running' AND lease_until < clock_timestamp()",
        "WHERE status = 'running' AND lease_until = 'infinity'",
        (_STALE,),
    ),
    Mutation(
        _SURVIVES,
        "draining counts as a failure",
        "nexus_actors/jobs/runner.py",
        "self._store.hand_back(claim)",
        'self._store.again(claim, 0, "")',
        (f"{_HANDING}::test_a_worker_that_drains_hands_its_job_back_at_once_and_it_counts_as_no_failure",),
    ),
    Mutation(
        _SURVIVES,
        "a job that takes its workers down is never given up",
        "nexus_actors/jobs/runner.py",
        "if claim.losses >= MOST_LOSSES:",
        "if claim.losses < 0:",
        (f"{_HANDING}::test_a_job_whose_workers_die_again_and_again_is_given_up",),
    ),
    Mutation(
        _QUIET,
        "every line is logged",
        "nexus_actors/jobs/output.py",
        "if not self._may_log(line, now):",
        "if not self._may_log(line, now) and now < 0:",
        (f"{_OUTPUT}::test_a_flood_is_let_through_up_to_the_burst_and_then_at_the_rate",),
    ),
    Mutation(
        _QUIET,
        "the pipe is read as fast as it is filled",
        "nexus_actors/jobs/process.py",
        "await self._pause(pace.take(len(piece), self._clock()))",
        "await self._pause(0)",
        (f"{_PROCESS}::test_a_work_that_writes_without_end_is_read_no_faster_than_the_worker_can_bear",),
    ),
    Mutation(
        _QUIET,
        "every report is a frame",
        "nexus_actors/jobs/child.py",
        "if self._bucket.holds(1, now):",
        "if now >= 0:",
        (f"{_OUTPUT}::test_a_million_reports_are_a_few_frames_and_the_newest_comes_with_the_next",),
    ),
)
