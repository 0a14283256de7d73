"""What operators order, carried out by the owner between two batches: no turn sees half of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from bus import FieldError, Refusal
from bus.codec import encode_data
from bus.requests import Answer
from nexus_actors.actor import Actor
from nexus_actors.errors import DatabaseBusy, DatabaseUnavailable
from nexus_actors.failures.blame import blamed
from nexus_actors.failures.field_error import field_error
from nexus_actors.identity import DEFAULT_TENANT, PLATFORM, Identity
from nexus_actors.runtime.activations import Activations, StateForm
from nexus_actors.runtime.decoder import Decoder
from nexus_actors.runtime.delivery import Delivery
from nexus_actors.runtime.ledger import TurnLedger
from nexus_actors.runtime.own_commands import (
    NO_KEY,
    DropState,
    Released,
    ReleaseKey,
    ReplaceState,
    ShowState,
    StateCommand,
    StateShown,
)
from nexus_actors.runtime.partition import Partition
from nexus_actors.runtime.store import Commit, LeaseLost, ParkedRow, StateRow, TurnStore
from nexus_actors.runtime.unknown_fields import UnknownFields, marked, unknown_fields
from nexus_actors.service import Service
from nexus_actors.telemetry.message_fields import message_fields

ORDERS: Final = (ReleaseKey, ShowState, ReplaceState, DropState)

_DONE: Final = {ReplaceState: "state_replaced", DropState: "state_dropped"}


class Orders:
    """Carries out the runtime's own commands. Who orders what cannot be done, or not now, is told so."""

    def __init__(
        self,
        service: Service,
        store: TurnStore,
        ledger: TurnLedger,
        activations: Activations,
        decoder: Decoder,
        log: Any,  # noqa: ANN401
    ) -> None:
        self._redriver = Redriver(store, ledger, decoder)
        self._states = StateOrders(service, store, ledger, activations, log)
        self._ledger = ledger
        self._log = log

    async def carry_out(
        self, partition: Partition, delivery: Delivery, order: ReleaseKey | StateCommand, now: datetime
    ) -> None:
        """Carry one out and answer it.

        Raises:
            LeaseLost: the partition is not owned any more.
            DatabaseUnavailable: the outcome is unknown.
        """
        try:
            if isinstance(order, ReleaseKey):
                await self._redriver.release(partition, delivery, order, now)
            else:
                await self._states.carry_out(partition, delivery, order)
        except LeaseLost:
            raise
        except Exception as error:
            if isinstance(error, DatabaseUnavailable) and not isinstance(error, DatabaseBusy):
                raise
            # What somebody orders by hand stops nobody else.
            self._log.exception("order_not_carried_out", **message_fields(delivery.envelope), type=delivery.envelope.type)
            partition.finish(delivery)
            refusal = Refusal.conflict(
                "order_failed", f"Nothing has changed: {type(error).__name__}. The service's log says why."
            )
            self._ledger.owe(delivery, Answer(id=delivery.message_id, refusal=refusal.document))


class StateOrders:
    """Carries out the runtime's commands about states, at the owner and between two batches: no turn sees half of it."""

    def __init__(
        self,
        service: Service,
        store: TurnStore,
        ledger: TurnLedger,
        activations: Activations,
        log: Any,  # noqa: ANN401
    ) -> None:
        self._service = service
        self._actors: dict[str, type[Actor[Any]]] = {actor.__name__: actor for actor in service.actors}
        self._store = store
        self._ledger = ledger
        self._activations = activations
        self._log = log

    async def carry_out(self, partition: Partition, delivery: Delivery, command: StateCommand) -> None:
        """Carry a command out and answer it. One that is refused changes nothing."""
        try:
            form = self._form(partition, command)
            if isinstance(command, ShowState):
                answer = Answer(id=delivery.message_id, value=encode_data(await self._shown(command, form)))
            else:
                answer = Answer(id=delivery.message_id, value=encode_data(None))
                await self._change(partition, delivery, command, form, answer)
        except Refusal as refusal:
            answer = Answer(id=delivery.message_id, refusal=refusal.document)
        partition.finish(delivery)
        self._ledger.owe(delivery, answer)

    async def _shown(self, command: ShowState, form: StateForm) -> StateShown:
        body = await self._kept(command)
        try:
            form.trip.read(body)
        except BaseException as error:  # noqa: BLE001 - the class of the state may raise what it likes
            return StateShown(text=body.decode(errors="replace"), problem=str(blamed(error)))
        return StateShown(text=body.decode(errors="replace"))

    async def _change(
        self, partition: Partition, delivery: Delivery, command: ReplaceState | DropState, form: StateForm, answer: Answer
    ) -> None:
        commit = self._ledger.order(partition, delivery, answer)
        await self._add(commit, command, form)
        async with self._store.transaction(own=True) as transaction:
            await transaction.commit(commit)
        self._activations.drop_identity(self._identity(command))
        self._ledger.applied(commit)
        told = {**message_fields(delivery.envelope), "source": delivery.envelope.source, "actor": command.actor}
        self._log.warning(_DONE[type(command)], **told)

    async def _add(self, commit: Commit, command: ReplaceState | DropState, form: StateForm) -> None:
        if isinstance(command, ReplaceState):
            commit.states.append(StateRow(*self._name(command), _checked(command, form)))
            return
        await self._kept(command)
        commit.states_gone.append(self._name(command))

    def _form(self, partition: Partition, command: StateCommand) -> StateForm:
        """How the actor's states are written and read.

        Raises:
            Refusal: there is no such actor, or it is not here.
        """
        form = self._activations.form(self._actors[command.actor]) if command.actor in self._actors else None
        if form is None:
            with_state = [name for name, actor in self._actors.items() if self._activations.form(actor) is not None]
            others = f"With one are: {', '.join(with_state)}." if with_state else "None has: they keep to tables."
            raise Refusal.not_found("no_actor", f"{self._service.name} has no actor {command.actor!r} with a state. {others}")
        if self._service.topic.partition_of(command.key) != partition.number:
            raise Refusal.conflict("wrong_partition", f"{command.key!r} is not of partition {partition.number}.")
        return form

    async def _kept(self, command: StateCommand) -> bytes:
        name = self._name(command)
        body = (await self._store.states([name])).get(name)
        if body is None:
            whose = f" of tenant {name[1]!r}" if name[1] else ""
            detail = f"{command.actor} {command.key!r}{whose} of {self._service.name} has no state."
            raise Refusal.not_found("no_state", detail)
        return body

    def _name(self, command: StateCommand) -> tuple[str, str, str]:
        return (command.actor, *self._identity(command))

    def _identity(self, command: StateCommand) -> Identity:
        """Whose state it is: an actor of the platform is one for all tenants."""
        platform = self._actors[command.actor].platform
        return Identity(PLATFORM if platform else command.tenant or DEFAULT_TENANT, command.key)


def _checked(command: ReplaceState, form: StateForm) -> bytes:
    """The text as a state that can be read.

    Raises:
        Refusal: it is none, and why.
    """
    problem = f"This is no state of {command.actor}. Nothing was replaced."
    try:
        given = command.text.strip().encode()
        state = form.trip.read(given)
        body = form.trip.write(state)
        unknown = unknown_fields(state, given)
    except BaseException as error:
        said = str(blamed(error))
        raise Refusal.invalid("state_invalid", f"{problem} {said}", field_error(said)) from error
    # Whoever changes what was shown gives the mark of its writer too. It is of this release from now on.
    if unknown is not None:
        places = sorted(_places(unknown, "$"))
        errors = [FieldError(place, "There is no such field.") for place in places]
        raise Refusal.invalid("state_invalid", f"{problem} It has no field {', '.join(places)}.", *errors)
    return marked(body, form.mark)


def _places(unknown: UnknownFields, at: str) -> Iterator[str]:
    """Where the unknown fields are, as JSON paths."""
    yield from (f"{at}.{name}" for name in unknown.fields)
    for name, inner in unknown.inside.items():
        yield from _places(inner, f"{at}.{name}")
    for place, item in enumerate(unknown.items):
        if item is not None:
            yield from _places(item, f"{at}[{place}]")


class Redriver:
    """Handles the runtime's `ReleaseKey`."""

    def __init__(self, store: TurnStore, ledger: TurnLedger, decoder: Decoder) -> None:
        self._store = store
        self._ledger = ledger
        self._decoder = decoder

    async def release(self, partition: Partition, delivery: Delivery, message: ReleaseKey, now: datetime) -> None:
        """Drop some of the key's dead letters, and have the others tried again at once."""
        key = "" if message.key == NO_KEY else message.key
        identity = Identity(message.tenant if key else PLATFORM, key)
        # Of entries without a key, which may be very many, only those are read that are to be dropped.
        rows = await self._store.parked(partition.number, identity, None if key else message.drop)
        drop = [row.message_id for row in rows if row.message_id in message.drop]
        # An entry without an envelope cannot be tried again: it stays until it is dropped.
        redrive = [row for row in rows if key and row.message_id not in message.drop]
        answer = Answer(id=delivery.message_id, value=encode_data(Released(redriven=len(redrive), dropped=len(drop))))
        known = await self._store.known(drop)
        unheard = [message_id for message_id in drop if key and message_id not in known]
        commit = self._ledger.release(partition, delivery, identity, answer, drop, unheard)
        async with self._store.transaction(own=True) as transaction:
            await transaction.commit(commit)
        self._ledger.applied(commit)
        partition.finish(delivery)
        self._ledger.owe(delivery, answer)
        self._go_on(partition, identity, now, redrive)

    def _go_on(self, partition: Partition, identity: Identity, now: datetime, redrive: Sequence[ParkedRow]) -> None:
        """Put what is tried again before all that waits for the key; some of it may be waiting from an earlier release."""
        partition.unpark(identity)
        waiting = [self._decoder.from_parked(row) for row in redrive]
        waiting += [delivery for delivery in partition.let_go(identity) if not delivery.parked]
        if waiting:
            partition.hold(identity, now, timedelta(), waiting)
