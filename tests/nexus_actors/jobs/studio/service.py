"""Tracks, which start and cancel mixes and note what they hear of them."""

from uuid import UUID

from msgspec import Struct

from bus import Refusal
from nexus_actors import Actor, Context, Job, Service, ServiceEntry, handles
from tests.nexus_actors.jobs.stranger import Unknown
from tests.nexus_actors.jobs.studio.contract import (
    STUDIO,
    Cancel,
    Heard,
    Mix,
    Mixed,
    Start,
    Stopped,
    Unheard,
    Went,
)
from tests.nexus_actors.jobs.studio.works import Mixing, Unhearing


class TrackState(Struct):
    """What a track remembers."""

    started: int = 0
    heard: tuple[str, ...] = ()


class Track(Actor[TrackState]):
    """See the module."""

    @handles
    def start(self, message: Start, ctx: Context) -> UUID:
        self.state.started += 1
        job_id = ctx.start(self._job(message))
        if message.then == "refuse":
            raise Refusal.conflict("no", "Not now.")
        if message.then == "fault":
            raise ValueError("this turn fails")
        if message.then == "cancel":
            ctx.cancel(job_id)
        return job_id

    def _job(self, message: Start) -> Job:
        match message.then:
            case "foreign":
                return Mix(track="another", folder=message.folder)
            case "unknown":
                return Unknown(track=self.key)
            case "unheard":
                return Unheard(track=self.key)
            case _:
                return Mix(track=self.key, folder=message.folder, steps=message.steps)

    @handles
    def cancel(self, message: Cancel, ctx: Context) -> None:
        ctx.cancel(message.job_id)

    @handles
    def mixed(self, message: Mixed, ctx: Context) -> None:
        if message.fault:
            raise ValueError("the result cannot be handled")
        self._note("done", message.result, ctx)

    @handles
    def went(self, message: Went, ctx: Context) -> None:
        self._note("progress", f"{message.fraction} {message.note}", ctx)

    @handles
    def stopped(self, message: Stopped, ctx: Context) -> None:
        self._note(message.outcome, message.error, ctx)

    def _note(self, what: str, detail: str, ctx: Context) -> None:
        self.state.heard = (*self.state.heard, what)
        subject = ctx.principal.subject if ctx.principal else ""
        ctx.publish(Heard(track=self.key, what=what, detail=detail, tenant=ctx.tenant, subject=subject))


ENTRY = ServiceEntry(name=STUDIO.service, title="Studio", module="test", port=1, package="tests", layer="business")
service = Service(ENTRY, topic=STUDIO, actors=[Track], works=[Mixing, Unhearing])
