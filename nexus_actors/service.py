"""A service: its topic, its actors, its HTTP face."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from bus import Command, ContractError, Message, StreamName, Topic
from bus.codec import Contracts
from bus.field_types import check_fields
from nexus_actors.actor import Actor, Handler, handlers_of
from nexus_actors.declarations.omissions import check_migrations, check_named, check_taken
from nexus_actors.jobs.job import Job
from nexus_actors.jobs.work import Work, check_work
from nexus_actors.platform.catalogue import ServiceEntry
from nexus_actors.rules import check_of

if TYPE_CHECKING:
    from nexus_actors.http import Routes
    from nexus_actors.http.gateway import Gateway
    from nexus_actors.settings.environment import Environment


def platform_version() -> str:
    """The version of this release."""
    try:
        return version("nexus-cos")
    except PackageNotFoundError:
        return "0.1.0"


class Service:
    """One service, as its ``service.py`` ties it together.

    Args:
        entry: its line in the catalogue.
        topic: the topic that it owns.
        actors: its actor classes; the service is subscribed to every message type that they handle.
        routes: its HTTP face.
        deps: makes what its routes get as ``request.deps``, from the process's environment.
        gateway: makes what passes requests on to other services, where the service does that.
        works: how its jobs are done.

    Raises:
        ContractError: actors, works and topic do not fit each other, or something of its package is left out.
    """

    def __init__(
        self,
        entry: ServiceEntry,
        *,
        topic: Topic,
        actors: Sequence[type[Actor[Any]]],
        routes: "Sequence[Routes]" = (),
        deps: "Callable[[Environment], object] | None" = None,
        gateway: "Callable[[Environment], Gateway] | None" = None,
        works: Sequence[type[Work[Any]]] = (),
    ) -> None:
        if topic.service != entry.name:
            raise ContractError(f"{entry.name} was given the topic of {topic.service}.")
        self.entry = entry
        self.name = entry.name
        self.topic = topic
        self.routes = tuple(routes)
        self.deps = deps
        self.gateway = gateway
        self.actors = tuple(actors)
        caller = sys._getframe(1)
        self.migrations = Path(caller.f_code.co_filename).parent / "migrations"
        check_migrations(self.migrations)
        self._handlers = self._collect(actors)
        self.contracts = Contracts(self._handlers)
        self.works = self._collect_works(works)
        module = str(caller.f_globals.get("__name__", ""))
        check_named(module, actors, works)
        check_taken(module, topic, self._handlers, self.works)

    def _collect(self, actors: Sequence[type[Actor[Any]]]) -> dict[type[Message], tuple[Handler, ...]]:
        found: dict[type[Message], tuple[Handler, ...]] = {}
        names = {actor.__name__ for actor in actors}
        if len(names) != len(actors):
            raise ContractError(f"Two actors of {self.name} have the same name; their states would mix.")
        for actor in actors:
            for handler in handlers_of(actor):
                found[handler.message_type] = (*found.get(handler.message_type, ()), handler)
            actor.state_type()
        self._check_kinds(found)
        for message_type, handlers in found.items():
            message_type.check_key()
            check_fields(message_type)
            if issubclass(message_type, Command):
                check_fields(message_type.reply_type())
                self._check_command(message_type, handlers)
                found[message_type] = (replace(handlers[0], check=check_of(message_type)),)
        return found

    def _check_kinds(self, found: Mapping[type[Message], Sequence[Handler]]) -> None:
        """A message has one place in the order of what it concerns: that of a tenant's actors, or of the platform's."""
        platforms: dict[str, bool] = {}
        for message_type, handlers in found.items():
            name = message_type.wire_type().rpartition(".v")[0]
            for handler in handlers:
                if platforms.setdefault(name, handler.actor.platform) != handler.actor.platform:
                    raise ContractError(
                        f"{message_type.__name__} is handled by an actor of tenants and by one of the platform in {self.name}. "
                        "Let one of them publish or send what the other handles."
                    )

    def _collect_works(self, works: Sequence[type[Work[Any]]]) -> Mapping[type[Job], type[Work[Any]]]:
        found: dict[type[Job], type[Work[Any]]] = {}
        for work in works:
            job = check_work(work)
            job.check_key()
            check_fields(job)
            if job.topic != self.topic:
                raise ContractError(f"{self.name} was given {work.__name__}, whose jobs are those of {job.topic.service}.")
            if found.setdefault(job, work) is not work:
                raise ContractError(f"{self.name} has two works for {job.__name__}. A job is done in one way.")
        return found

    def _check_command(self, message_type: type[Command[Any]], handlers: Sequence[Handler]) -> None:
        name = message_type.__name__
        if message_type.topic != self.topic:
            raise ContractError(f"{self.name} handles {name}, a command of {message_type.topic.service}.")
        if len(handlers) != 1 or handlers[0].key_field is not None:
            raise ContractError(f"The command {name} needs exactly one handler, under its own key.")

    def handlers(self, message_type: type[Message]) -> tuple[Handler, ...]:
        """Who handles a message type here."""
        return self._handlers.get(message_type, ())

    @property
    def handled(self) -> Mapping[type[Message], tuple[Handler, ...]]:
        """All message types handled, with their handlers."""
        return self._handlers

    def events(self) -> list[str]:
        """The wire types of the events that its actors handle."""
        return sorted(t.wire_type() for t in self._handled_events())

    def _handled_events(self) -> list[type[Message]]:
        return [message_type for message_type in self._handlers if message_type.channel == "events"]

    def subscriptions(self) -> list[Topic]:
        """The topics whose events its actors handle, its own among them where that is so."""
        topics = {t.topic.service: t.topic for t in self._handled_events()}
        return [topics[name] for name in sorted(topics)]

    def streams(self, partition: int) -> list[StreamName]:
        """What the owner of one of its partitions reads: its commands, and the partitions of other topics that fall on it."""
        streams = [self.topic.stream("commands", partition)]
        for topic in self.subscriptions():
            streams += [
                topic.stream("events", other) for other in range(topic.partitions) if other % self.topic.partitions == partition
            ]
        return streams

    @property
    def schema(self) -> str:
        """The PostgreSQL schema that is its own."""
        return self.name.replace("-", "_")
