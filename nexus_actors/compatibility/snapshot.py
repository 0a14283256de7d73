"""What is written to streams and tables today: every message, every state, every envelope, as JSON Schemas."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from bus import Channel, Command, Message
from bus.envelope import Envelope
from bus.schema import Schema, without_words
from nexus_actors.documents.async_messages import ANSWER
from nexus_actors.documents.interface import Interface, messages_in
from nexus_actors.jobs.job import Job
from nexus_actors.runtime import own_commands

RUNTIME: Final = "runtime"


class MessageContract(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What others rely on in a message.

    Attributes:
        service: whose topic carries it.
        key: the field that orders it.
        batch: the field that holds its items.
        upcasts: it reads older versions of itself.
        data: schema of what is in the envelope.
        answer: schema of a command's reply.
    """

    service: str
    channel: Channel
    key: str
    batch: str | None = None
    upcasts: bool = False
    data: Schema
    answer: Schema | None = None


class JobContract(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What waits in the database of a job that nobody has done yet; see `MessageContract`."""

    service: str
    key: str
    upcasts: bool = False
    data: Schema


class Snapshot(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The contracts of a service, or of the runtime, at one time.

    Attributes:
        topics: the number of partitions, by service.
        messages: by wire type.
        states: by service and actor, such as ``fleet-service.VehicleActor``.
        formats: what carries messages and answers.
        jobs: by wire type.
        schemas: what the schemas refer to.
    """

    topics: dict[str, int] = {}
    messages: dict[str, MessageContract] = {}
    states: dict[str, Schema] = {}
    formats: dict[str, Schema] = {}
    schemas: dict[str, Schema] = {}
    jobs: dict[str, JobContract] = {}


def snapshots_of(interfaces: Sequence[Interface]) -> dict[str, Snapshot]:
    """The contracts of each of these services, by its name, and of the runtime itself, as ``runtime``."""
    found = {
        interface.name: make_snapshot(
            [*interface.commands, *interface.events],
            {f"{interface.name}.{name}": kind for name, kind in interface.states.items()},
            {},
            interface.jobs,
        )
        for interface in interfaces
    }
    return {**found, RUNTIME: make_snapshot(messages_in(own_commands), {}, {"answer": ANSWER, "envelope": Envelope})}


def make_snapshot(
    kinds: Sequence[type[Message]],
    states: dict[str, type[Struct]],
    formats: dict[str, type[Struct]],
    jobs: Sequence[type[Job]] = (),
) -> Snapshot:
    """The contracts of these types."""
    kinds = sorted(kinds, key=lambda kind: kind.wire_type())
    answers = {kind: kind.reply_type() for kind in kinds if issubclass(kind, Command)}
    jobs = sorted(jobs, key=lambda job: job.wire_type())
    schemas = _Schemas([*kinds, *answers.values(), *states.values(), *formats.values(), *jobs])
    made = Snapshot(
        topics={kind.topic.service: kind.topic.partitions for kind in sorted(kinds, key=lambda kind: kind.topic.service)},
        messages={
            kind.wire_type(): MessageContract(
                service=kind.topic.service,
                channel=kind.channel,
                key=kind.key_field,
                batch=kind.batch,
                upcasts=_upcasts(kind),
                data=schemas.of(kind),
                answer=schemas.of(answers[kind]) if kind in answers else None,
            )
            for kind in kinds
        },
        states={name: schemas.of(states[name]) for name in sorted(states)},
        formats={name: schemas.of(formats[name]) for name in sorted(formats)},
        schemas={name: schemas.components[name] for name in sorted(schemas.components)},
        jobs={
            job.wire_type(): JobContract(
                service=job.topic.service, key=job.key_field, upcasts=_upcasts(job), data=schemas.of(job)
            )
            for job in jobs
        },
    )
    # Defaults are Python's values until JSON has seen them: a tuple would differ from the list that it is read back as.
    return read_snapshot(msgspec.json.encode(made))


def read_snapshot(body: bytes) -> Snapshot:
    """Read a snapshot from JSON.

    Raises:
        msgspec.MsgspecError: it is none.
    """
    return msgspec.json.decode(body, type=Snapshot)


def _upcasts(kind: type[Message]) -> bool:
    return next(each for each in kind.__mro__ if "upcast" in vars(each)) is not Message


class _Schemas:
    def __init__(self, kinds: list[Any]) -> None:
        self._kinds = kinds
        self._schemas, self.components = msgspec.json.schema_components(kinds)
        for schema in (*self._schemas, *self.components.values()):
            without_words(schema)

    def of(self, kind: Any) -> Schema:  # noqa: ANN401 - a type or generic alias
        return self._schemas[self._kinds.index(kind)]
