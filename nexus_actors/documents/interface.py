"""What a service shows to the rest of the world, gathered from its parts."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

from msgspec import Struct

from bus import Command, Event, Message, Topic
from nexus_actors.http.route import Route
from nexus_actors.jobs.job import Job
from nexus_actors.platform.catalogue import Catalogue, ServiceEntry
from nexus_actors.platform.loading import load_part, load_service
from nexus_actors.service import Service


class Interface(Struct, frozen=True, kw_only=True):
    """What a service shows.

    Attributes:
        about: what its contract says of it.
        commands: what it is asked for, by wire type.
        events: the facts that it publishes, by wire type.
        followed: the events that its actors handle, its own among them where that is so, each with the fields that name the
            actors; by wire type.
        jobs: the long work that its actors start, by wire type.
        states: what its actors remember between turns, by the actors' names.
        routes: its HTTP face.
        is_gateway: it passes requests on to the other services.
    """

    entry: ServiceEntry
    topic: Topic
    about: str
    commands: tuple[type[Command[Any]], ...]
    events: tuple[type[Event], ...]
    followed: dict[type[Event], tuple[str, ...]]
    jobs: tuple[type[Job], ...]
    states: dict[str, type[Struct]]
    routes: tuple[Route, ...]
    is_gateway: bool

    @property
    def name(self) -> str:
        """The name of the service."""
        return self.entry.name


def interface_of(service: Service, contract: ModuleType | None) -> Interface:
    """The interface of a service.

    Args:
        contract: the module that declares its messages; None where it has none.
    """
    declared = [] if contract is None else [kind for kind in messages_in(contract) if kind.topic == service.topic]
    states = {actor.__name__: actor.state_type() for actor in service.actors}
    followed = {kind: handlers for kind, handlers in service.handled.items() if issubclass(kind, Event)}
    return Interface(
        entry=service.entry,
        topic=service.topic,
        about=(contract and contract.__doc__) or "",
        commands=tuple(kind for kind in declared if issubclass(kind, Command)),
        events=tuple(kind for kind in declared if issubclass(kind, Event)),
        followed={
            kind: tuple(sorted({handler.key_field or kind.key_field for handler in followed[kind]}))
            for kind in sorted(followed, key=_wire_type)
        },
        jobs=tuple(sorted(service.works, key=_wire_type)),
        states={name: state for name, state in sorted(states.items()) if state is not None},
        routes=tuple(route for group in service.routes for route in group.all),
        is_gateway=service.gateway is not None,
    )


def messages_in(contract: ModuleType) -> list[type[Message]]:
    """The messages that a contract names, by wire type."""
    return sorted(_messages(contract), key=_wire_type)


def interfaces_of(catalogue: Catalogue) -> list[Interface]:
    """The interfaces of all services that are built, in the catalogue's order.

    Raises:
        NotLoadable: one of them cannot be imported.
    """
    return [interface_of(load_service(entry), load_part(entry, "contract")) for entry in catalogue.built()]


def _messages(contract: ModuleType) -> Iterator[type[Message]]:
    for value in vars(contract).values():
        # Command and Event themselves have no topic, and with it no wire type.
        if isinstance(value, type) and issubclass(value, Message) and hasattr(value, "wire"):
            yield value


def _wire_type(kind: type[Message]) -> str:
    return kind.wire_type()
