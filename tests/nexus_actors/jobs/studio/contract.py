"""A service for tests of jobs: tracks that are mixed outside the turn."""

from uuid import UUID

from bus import Command, Event, Topic
from nexus_actors import Job

STUDIO = Topic("studio-test-ms", partitions=2)


class Mix(Job, topic=STUDIO, key="track"):
    """Do some steps, see `Mixing`. ``folder`` is where the work leaves its traces."""

    track: str
    folder: str
    steps: tuple[str, ...] = ()


class Unheard(Job, topic=STUDIO, key="track"):
    """A job whose end cannot be told."""

    track: str


class Start(Command[UUID], topic=STUDIO, key="track"):
    """Start a mix. ``then``: ``refuse``, ``fault``, ``cancel``, ``foreign`` (another track's), ``unknown``, ``unheard``."""

    track: str
    folder: str
    steps: tuple[str, ...] = ()
    then: str = ""


class Cancel(Command[None], topic=STUDIO, key="track"):
    """Cancel a mix."""

    track: str
    job_id: UUID


class Mixed(Command[None], topic=STUDIO, key="track"):
    """A mix is done. ``fault``: the handler fails."""

    track: str
    result: str
    fault: bool = False


class Went(Command[None], topic=STUDIO, key="track"):
    """How far a mix is."""

    track: str
    fraction: float
    note: str


class Stopped(Command[None], topic=STUDIO, key="track"):
    """A mix has ended without a result."""

    track: str
    outcome: str
    error: str


class Heard(Event, topic=STUDIO, key="track"):
    """What a track has heard of its mix: done, progress, failed or cancelled; on whose behalf."""

    track: str
    what: str
    detail: str
    tenant: str
    subject: str
