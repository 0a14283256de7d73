"""What a handler is given: everything it needs and nothing more."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from bus import Command, ContractError, Envelope, Event, Message, TooLarge, turn_id
from bus.codec import Contracts, encode_envelope
from bus.envelope import seal
from bus.text import is_storable, storable
from bus.topic import StreamName
from nexus_actors.database import Transaction
from nexus_actors.identity import DEFAULT_TENANT, PLATFORM, Identity
from nexus_actors.jobs.frames import LONGEST_ENVELOPE
from nexus_actors.jobs.job import Job
from nexus_actors.principal import Principal
from nexus_actors.telemetry.message_fields import message_fields

MOST_EFFECTS: Final = 100_000
"""What one call of a handler may publish, send, schedule, start and cancel, taken together."""
MOST_EFFECT_BYTES: Final = 67_108_864
LONGEST_TIMER_NAME: Final = 256
"""In bytes of UTF-8: with the key, it has to fit into an index."""


class Outbound(Struct, frozen=True):
    """A message that a turn publishes."""

    stream: StreamName
    message_id: UUID
    body: bytes


class TimerSet(Struct, frozen=True):
    """A timer that a turn sets; an earlier one of that tenant, key and name is replaced."""

    tenant: str
    key: str
    name: str
    due_at: datetime
    message_id: UUID
    body: bytes


class JobStart(Struct, frozen=True):
    """A job that a turn starts. ``tenant`` is its actor's, ``kind`` its wire type, ``body`` its envelope."""

    job_id: UUID
    kind: str
    key: str
    tenant: str
    body: bytes


class JobCancel(Struct, frozen=True):
    """A job that a turn cancels, if it is one of this tenant and key."""

    job_id: UUID
    tenant: str
    key: str


class Effects:
    """What a turn leaves behind, besides its actor's state and the rows it wrote."""

    def __init__(self) -> None:
        self.outbound: list[Outbound] = []
        self.timers: dict[tuple[str, str, str], TimerSet | None] = {}
        self.jobs: list[JobStart] = []
        self.cancelled: list[JobCancel] = []
        self._count = 0
        self._bytes = 0
        self._ended = False

    def end(self) -> None:
        """The handler has returned: what a task that it has left behind would add comes too late to be committed."""
        self._ended = True

    def count(self, body: bytes = b"") -> None:
        """Take note of one more effect.

        Raises:
            TooLarge: there are too many of them, or too many bytes in them, for one transaction.
            RuntimeError: the handler has returned.
        """
        if self._ended:
            raise RuntimeError(
                "This turn has ended; nothing is published, sent, scheduled, started or cancelled in it any more. A handler "
                "awaits all that it has begun."
            )
        self._count += 1
        self._bytes += len(body)
        if self._count > MOST_EFFECTS or self._bytes > MOST_EFFECT_BYTES:
            raise TooLarge(
                f"This turn has {self._count:,} effects of {self._bytes:,} bytes; {MOST_EFFECTS:,} and {MOST_EFFECT_BYTES:,} "
                "bytes are the most. Do it in several turns: send the own actor a command that goes on."
            )


class Context:
    """The turn of a handler.

    Attributes:
        db: the turn's transaction. What is written there is committed with the turn, or not at all.
        now: the instant of the turn, UTC.
    """

    def __init__(
        self,
        *,
        service: str,
        actor: str = "",
        handler: str = "",
        identity: Identity,
        envelope: Envelope,
        now: datetime,
        db: Transaction,
        log: Any,  # noqa: ANN401
        jobs: Collection[type[Job]] = (),
        contracts: Contracts | None = None,
    ) -> None:
        self._service = service
        self._actor = actor
        self._handler = handler
        self._identity = identity
        self._key = identity.key
        self._envelope = envelope
        self._jobs = jobs
        self._contracts = contracts
        self._ids = 0
        self.effects = Effects()
        self.now = now
        self.db = db
        self._log = log

    @property
    def log(self) -> Any:  # noqa: ANN401 - structlog's loggers have no common type
        """A structlog logger, bound to the message, its key, its trace and who caused it."""
        return self._log.bind(**message_fields(self._envelope))

    @property
    def message_id(self) -> UUID:
        """The id of the message being handled (of the first one, in a handler that takes a list)."""
        return self._envelope.id

    @property
    def received_at(self) -> datetime:
        """When the message was sent, UTC."""
        return self._envelope.time

    @property
    def tenant(self) -> str:
        """The tenant on whose behalf the message was sent."""
        return self._envelope.tenant or DEFAULT_TENANT

    @property
    def principal(self) -> Principal | None:
        """Who caused the message, where it was a caller with a token."""
        if self._envelope.principal is None:
            return None
        return Principal(
            subject=self._envelope.principal,
            tenant=self.tenant,
            scopes=frozenset((self._envelope.scopes or "").split()),
        )

    def new_id(self) -> UUID:
        """A new UUIDv7 of this turn's instant."""
        self._ids += 1
        return turn_id(self.now, self._envelope.id, self._ids, self._maker())

    def _maker(self) -> str:
        """Whose id it is: services, actors and handlers of one event share its id, its key and often its millisecond."""
        return f"{self._service}/{self._actor}.{self._handler}/{self._key}"

    def publish(self, event: Event, *, tenant: str | None = None) -> None:
        """Publish an event once the turn is committed.

        Args:
            tenant: whose affair it is, where an actor of the platform itself knows better than the message that it handles: who
                signs up has no tenant yet. That of the message when left out.

        Raises:
            Unwritable: its own type forbids it: nobody could read it.
            TooLarge: it has more than 1 MiB, or the turn has too many effects.
            ContractError: its key cannot order messages, or it is no event; or an actor of a tenant speaks for another one.
        """
        if tenant is not None and tenant != self.tenant and self._identity.tenant != PLATFORM:
            whose = f"{self._actor} is an actor of {self.tenant!r}"
            raise ContractError(f"{whose}. Only an actor of the platform speaks for {tenant!r}.")
        self._send(event, Event, tenant)

    def send(self, command: Command[Any]) -> None:
        """Send a command once the turn is committed. Its answer, if any, comes back as an event that its service publishes.

        Raises:
            Unwritable, TooLarge, ContractError: see `publish`.
            ContractError: it is one of the own service, and no actor here handles it.
        """
        self._send(command, Command)

    def _send(self, message: Message, kind: type[Message], tenant: str | None = None) -> None:
        if not isinstance(message, kind):
            raise ContractError(f"{type(message).__name__} is no {kind.__name__}: events are published, commands are sent.")
        if kind is Command:
            self._check_handled(message)
        envelope = self._seal(message)
        if tenant is not None:
            envelope = envelope.replace(tenant=tenant)
        partition = message.topic.partition_of(envelope.subject)
        stream = message.topic.stream(message.channel, partition)
        body = encode_envelope(envelope)
        self.effects.count(body)
        self.effects.outbound.append(Outbound(stream, envelope.id, body))

    def _check_handled(self, command: Message) -> None:
        """Send nothing to the own service that none of its actors handles: a release can do all that it asks itself for."""
        if command.topic.service != self._service or self._contracts is None:
            return
        if self._contracts.find(command.wire_type()) is None:
            raise ContractError(
                f"No actor of {self._service} handles {type(command).__name__}, so its key would wait in vain. Give it a "
                "handler in the release that sends it."
            )

    def _seal(self, message: Message) -> Envelope:
        return seal(message, message_id=self.new_id(), source=self._service, now=self.now, cause=self._envelope)

    def start(self, job: Job) -> UUID:
        """Have a job of the own service done outside the turn, once this is committed; its id.

        The job must be for this actor's own key, and the service must have a work for it.

        Raises:
            Unwritable, TooLarge, ContractError: see `publish`.
            ValueError: it is another key's, or nobody's work.
        """
        name = type(job).__name__
        if type(job) not in self._jobs:
            raise ValueError(f"{self._service} has no work for {name}. Name one in Service(works=[...]).")
        if job.key_of() != self._key:
            raise ValueError(f"{name} is not a job of this actor ({self._key}): an actor starts jobs of its own key.")
        envelope = self._seal(job)
        body = encode_envelope(envelope)
        if len(body) > LONGEST_ENVELOPE:
            raise TooLarge(
                f"{name} has {len(body):,} bytes with its envelope, more than {LONGEST_ENVELOPE:,}. Name what is large."
            )
        self.effects.count(body)
        self.effects.jobs.append(JobStart(envelope.id, envelope.type, self._key, self._identity.tenant, body))
        return envelope.id

    def cancel(self, job_id: UUID) -> None:
        """Have a job of this actor broken off once this is committed. One that has ended by then stays as it is."""
        self.effects.count()
        self.effects.cancelled.append(JobCancel(job_id, *self._identity))

    def schedule(self, command: Command[Any], at: datetime, name: str) -> None:
        """Have a command of the own service handled at an instant or soon after; it outlives restarts.

        A timer of the same actor and name is replaced. The command must be for this actor's own key.

        Args:
            at: with a time zone.
            name: of 1 to 256 bytes of UTF-8.

        Raises:
            Unwritable, TooLarge, ContractError: see `send`.
            ValueError: the instant has no time zone or no equal in UTC; the name cannot be kept; the command is another key's.
        """
        if command.channel != "commands" or command.topic.service != self._service or command.key_of() != self._key:
            raise ValueError(f"{type(command).__name__} is not a command of this actor ({self._key}): timers are for its own.")
        self._check_handled(command)
        full_name, due_at = self._timer_name(name), _in_utc(at)
        envelope = self._seal(command)
        body = encode_envelope(envelope)
        self.effects.count(body)
        timer = TimerSet(*self._identity, full_name, due_at, envelope.id, body)
        self.effects.timers[(*self._identity, full_name)] = timer

    def unschedule(self, name: str) -> None:
        """Remove this actor's timer of that name, if there is one."""
        full_name = self._timer_name(name)
        self.effects.count()
        self.effects.timers[(*self._identity, full_name)] = None

    def _timer_name(self, name: str) -> str:
        """Actors of two kinds may have the same key, and each its own timer of a name."""
        if not name or not is_storable(name) or len(name.encode()) > LONGEST_TIMER_NAME:
            wanted = f"1 to {LONGEST_TIMER_NAME} bytes of UTF-8, without NUL"
            raise ValueError(f"{storable(name, 100)!r} cannot be the name of a timer. Give it one of {wanted}.")
        return f"{self._actor}/{name}"


def _in_utc(at: datetime) -> datetime:
    """The instant as databases keep it.

    Raises:
        ValueError: it is none.
    """
    if at.utcoffset() is None:
        raise ValueError(f"{at.isoformat()} has no time zone, so it is no instant. Reckon from ctx.now, or give it one.")
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{at.isoformat()} has no equal in UTC. Give an instant of the years 1 to 9999.") from error
