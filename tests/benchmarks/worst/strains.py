"""What a service is put through: the hardest inputs of its messages and bodies, and the cases that it names itself."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from msgspec import Struct

from bus import Event, Message, new_id
from nexus_actors.documents.interface import Interface
from nexus_actors.http.route import Route
from nexus_actors.identity import DEFAULT_TENANT
from nexus_actors.platform.catalogue import Catalogue
from nexus_actors.platform.loading import parts_beside
from nexus_actors.worker.worker import utc_now
from nexus_actors.worst_case import MODULE, SEQUENCE, WorstCase
from tests.benchmarks.worst.inputs import inputs_of, path_of
from tests.benchmarks.worst.subject import Subject

Act = Callable[[], Awaitable[Any]]


class Strain(Struct, frozen=True):
    """One thing to measure.

    Attributes:
        of: the message, route or case.
        said: what is extreme about it.
        ready: makes what is measured, with the number of the round; the making is not.
        size: how many bytes go in; 0 where that is no matter.
        prepare: comes before, once; None where nothing is needed.
    """

    of: str
    said: str
    ready: Callable[[Subject, int], Act]
    size: int = 0
    prepare: Callable[[Subject], Awaitable[Any]] | None = None


def strains_of(interface: Interface) -> Iterator[tuple[str, Iterator[Strain]]]:
    """What the messages and bodies of a service are put through, by their names."""
    for kind in (*interface.commands, *interface.followed):
        yield kind.__name__, _messages(kind)
    for route in interface.routes:
        if route.body_type is not None:
            yield route.label, _bodies(route)


def cases_of(catalogue: Catalogue, service: str) -> Iterator[Strain]:
    """The cases that a service names itself."""
    for part in parts_beside(catalogue, MODULE):
        cases: list[WorstCase] = getattr(part, SEQUENCE)
        for case in cases:
            if case.service == service:
                yield Strain(case.title, "a case of its own", partial(partial, case.run), prepare=case.prepare)


def _messages(kind: type[Message]) -> Iterator[Strain]:
    for found in inputs_of(kind):
        ready = partial(_message, kind, found.value)
        yield Strain(kind.__name__, found.said, ready, len(msgspec.json.encode(found.value)))


def _message(kind: type[Message], value: dict[str, Any], subject: Subject, _: int) -> Act:
    message: Any = msgspec.convert(_with_new_key(kind, value), kind)
    return partial(subject.publish if isinstance(message, Event) else subject.ask, message)


def _with_new_key(kind: type[Message], value: dict[str, Any]) -> dict[str, Any]:
    """Another actor every time: what is there already, or can be no key, is refused before any work."""
    key = str(new_id(utc_now()))
    if kind.__annotations__.get(kind.key_field) in {UUID, "UUID"} or not 0 < len(str(value[kind.key_field])) <= len(key):
        return value | {kind.key_field: key}
    return value


def _bodies(route: Route) -> Iterator[Strain]:
    path = route.path
    for name, value in path_of(route.path_type).items():
        path = path.replace("{" + name + "}", quote(str(value), safe=""))
    if route.body_type is bytes:
        bodies = [("as long as may be", b"0," * (route.options.body_limit_bytes // 2))]
    else:
        bodies = [(found.said, msgspec.json.encode(found.value)) for found in inputs_of(route.body_type)]
    media_type = route.options.accepts[0].replace("*/*", "text/plain")
    for said, body in bodies:
        yield Strain(route.label, said, partial(_body, route.method, path, body, media_type), len(body))


def _body(method: str, path: str, body: bytes, media_type: str, subject: Subject, _: int) -> Act:
    subject.tenant = DEFAULT_TENANT  # which may ask everything
    return partial(subject.send, method, path, body, media_type)
