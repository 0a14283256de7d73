"""What services may declare about jobs and works."""

from typing import Any

import pytest

from bus import Command, ContractError, Topic
from nexus_actors import GaveUp, Job, Report, Service, ServiceEntry, Work
from tests.nexus_actors.jobs.studio.contract import STUDIO, Mix, Mixed, Unheard
from tests.nexus_actors.jobs.studio.works import Mixing

ENTRY = ServiceEntry(name=STUDIO.service, title="Studio", module="test", port=1, package="tests", layer="business")
OTHER = Topic("other-ms", partitions=1)


class Elsewhere(Job, topic=OTHER, key="track"):
    """A job of another service."""

    track: str


class MixingElsewhere(Work[Elsewhere]):
    """A work for it."""

    def run(self, job: Elsewhere, report: Report) -> Command[Any]:
        return Mixed(track=job.track, result="")

    def ended(self, job: Elsewhere, end: GaveUp) -> Command[Any]:
        return Mixed(track=job.track, result="")


class MixingAgain(Mixing):
    """A second way to do a mix."""


class Hurried(Mixing):
    """Has no time."""

    time_limit_s = 0


class Unwilling(Mixing):
    """Never tries."""

    attempts = 0


class Silent(Work[Mix]):  # type: ignore[abstract, unused-ignore]
    """Lacks an end."""

    def run(self, job: Mix, report: Report) -> Command[Any]:
        return Mixed(track=job.track, result="")


class Undeclared(Work):  # type: ignore[type-arg]
    """Does not say what it does."""

    def run(self, job: Job, report: Report) -> Command[Any]:
        return Mixed(track=job.key_of(), result="")

    def ended(self, job: Job, end: GaveUp) -> Command[Any]:
        return Mixed(track=job.key_of(), result="")


def nested() -> type[Work[Any]]:
    class Hidden(Mixing):
        """Not to be found by another process."""

    return Hidden


@pytest.mark.parametrize(
    ("works", "problem"),
    [
        ([MixingElsewhere], "whose jobs are those of other-ms"),
        ([Mixing, MixingAgain], "two works for Mix"),
        ([Hurried], "a time limit above 0 s"),
        ([Unwilling], "at least one attempt"),
        ([Silent], "Silent lacks ended"),
        ([Undeclared], "does not say what its job is"),
        ([nested()], "cannot be imported elsewhere"),
    ],
)
def test_works_that_cannot_be_used_are_refused(works: list[type[Work[Any]]], problem: str) -> None:
    with pytest.raises(ContractError, match=problem):
        Service(ENTRY, topic=STUDIO, actors=[], works=works)


def test_a_job_has_a_wire_type_and_a_key_as_messages_have() -> None:
    assert Unheard.wire_type() == "nexus.studio-test-ms.unheard.v1"
    assert Unheard(track="t").key_of() == "t"
    assert Mixing.reference() == "tests.nexus_actors.jobs.studio.works:Mixing"
    with pytest.raises(ContractError, match="key='absent'"):

        class Keyless(Job, topic=STUDIO, key="absent"):
            track: str


def test_progress_is_not_told_unless_a_work_says_how() -> None:
    assert MixingElsewhere().progressed(Elsewhere(track="t"), None) is None  # type: ignore[arg-type]
