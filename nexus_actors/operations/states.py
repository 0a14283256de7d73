"""The states of actors, for operators: to look at, to replace and to drop.

A turn that meets a state which it cannot read is parked at once, and its key with it. Who has put another state in its place,
or dropped it, redrives the key's dead letters.
"""

from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from bus import BusError, Command, Refusal, StreamName, Topic
from nexus_actors.asking import Reply
from nexus_actors.database import Reader
from nexus_actors.identity import DEFAULT_TENANT
from nexus_actors.operations.letter_content import masked
from nexus_actors.principal import Principal
from nexus_actors.runtime.own_commands import DropState, ReplaceState, ShowState, StateShown

R = TypeVar("R")

_PARTITIONS: Final = "SELECT count(*) FROM nexus.leases WHERE service = $1"


class StateName(Struct, frozen=True, kw_only=True):
    """Whose state it is.

    Attributes:
        actor: the name of the actor's class.
        tenant: of no account where it is an actor of the platform itself.
    """

    service: str
    actor: str
    key: str
    tenant: str = DEFAULT_TENANT


class StateContent(Struct, frozen=True, kw_only=True):
    """An actor's state.

    Attributes:
        state: as JSON; null where it is none.
        text: as text, where it is no JSON.
        problem: why the service cannot read it; empty where it can.
    """

    name: StateName
    state: Any
    text: str | None
    problem: str


class OwnerAsker(Protocol):
    """Asks the owner of a partition; `nexus_actors.asking.BusAsker` does."""

    async def ask(
        self,
        command: Command[R],
        *,
        principal: Principal | None = None,
        message_id: UUID | None = None,
        traceparent: str | None = None,
        stream: StreamName | None = None,
        timeout_s: float = 10.0,
    ) -> Reply[R]:
        """Ask a command and await its answer."""
        ...


class States:
    """The states of all services.

    Raises (every method): `Refusal`, where there is no such service, actor or state, or its owner does not answer;
    `DatabaseUnavailable`.

    Args:
        platform: reads the shared schema.
        asker: reaches the owners of partitions, who alone know and change states.
    """

    def __init__(self, platform: Reader, asker: OwnerAsker) -> None:
        self._platform = platform
        self._asker = asker

    async def show(self, name: StateName, *, raw: bool = False, principal: Principal | None = None) -> StateContent:
        """Show a state.

        Args:
            raw: as it is, with the secrets and the data of people in it. Else these are masked, and what is long is cut.
        """
        shown = await self._ask(name, ShowState(key=name.key, actor=name.actor, tenant=name.tenant), principal)
        return content_of(name, shown, raw=raw)

    async def replace(
        self,
        name: StateName,
        text: str,
        *,
        principal: Principal | None = None,
        message_id: UUID | None = None,
        traceparent: str | None = None,
    ) -> None:
        """Put a state in the place of whatever there is.

        Args:
            text: the state as JSON. What the service could not read is refused, with the reasons.
            message_id: of the command to the owner; under the same id, the answer of the first time comes again.
            traceparent: where this stands in its trace (W3C Trace Context).
        """
        command = ReplaceState(key=name.key, actor=name.actor, tenant=name.tenant, text=text)
        await self._ask(name, command, principal, message_id, traceparent)

    async def drop(
        self,
        name: StateName,
        *,
        principal: Principal | None = None,
        message_id: UUID | None = None,
        traceparent: str | None = None,
    ) -> None:
        """Forget a state: the actor begins anew. For the arguments see `replace`."""
        command = DropState(key=name.key, actor=name.actor, tenant=name.tenant)
        await self._ask(name, command, principal, message_id, traceparent)

    async def _ask(
        self,
        name: StateName,
        command: Command[R],
        principal: Principal | None,
        message_id: UUID | None = None,
        traceparent: str | None = None,
    ) -> R:
        partitions: int = await self._platform.fetchval(_PARTITIONS, name.service)
        if partitions == 0:
            raise Refusal.not_found("no_service", f"No worker has ever hosted {name.service}.")
        topic = Topic(name.service, partitions=partitions)
        stream = topic.stream("commands", topic.partition_of(name.key))
        try:
            reply = await self._asker.ask(
                command, principal=principal, message_id=message_id, traceparent=traceparent, stream=stream
            )
        except BusError as error:
            detail = f"{name.service} does not answer for {name.key!r}: {error} Is one of its workers up?"
            raise Refusal.unavailable("owner_silent", detail) from error
        return reply.value


def content_of(name: StateName, shown: StateShown, *, raw: bool) -> StateContent:
    """What an operator may see of a state."""
    try:
        state: object = msgspec.json.decode(shown.text)
        text = None
    except (ValueError, RecursionError):
        state, text = None, shown.text
    if raw:
        return StateContent(name=name, state=state, text=text, problem=shown.problem)
    hidden = None if text is None else str(masked(text))
    return StateContent(name=name, state=masked(state), text=hidden, problem=str(masked(shown.problem)))
