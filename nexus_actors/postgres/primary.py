"""Finding the server that takes changes: of several in the address, the one that is no standby."""

from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
from asyncpg.connect_utils import SessionAttribute
from asyncpg.exceptions import TargetServerAttributeNotMatched

from nexus_actors.postgres.lost import is_lost

if TYPE_CHECKING:
    from asyncpg import Connection

_TARGET: Final = "target_session_attrs"
# We look for the primary whatever of these is said. `read-write` would keep our own read-only sessions out: PostgreSQL takes
# the setting of a session for a property of the server.
_WRITABLE: Final = frozenset({"any", "primary", "read-write"})


class Place(NamedTuple):
    """Where a server may be: a host name, an address or the folder of a socket. Without a port it is PostgreSQL's own."""

    host: str
    port: str

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


def places_of(database_url: str) -> list[Place]:
    """The servers that an address lists, in its order; none where it leaves that to the environment.

    Raises:
        ValueError: it asks for a standby, or hosts and ports do not go together.
    """
    parts = urlsplit(database_url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    wanted = query.get(_TARGET, "any")
    if wanted not in _WRITABLE:
        message = f"asks for a server that is {wanted} ({_TARGET}), but services write; leave it out, or say primary"
        raise ValueError(message)
    netloc = parts.netloc.rpartition("@")[2]
    listed = netloc or query.get("host", "")
    places = [_place(text) for text in listed.split(",")] if listed else []
    ports = [] if netloc or "port" not in query else query["port"].split(",")
    if len(ports) > 1 and len(ports) != len(places):
        message = f"lists {len(places)} hosts and {len(ports)} ports"
        raise ValueError(message)
    if ports:
        places = [Place(place.host, ports[n % len(ports)]) for n, place in enumerate(places)]
    return places


def _place(text: str) -> Place:
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        return Place(host, port.removeprefix(":"))
    host, _, port = text.partition(":")
    return Place(unquote(host), port)


class Primary:
    """Connects to the primary, wherever that is: where one is lost and another promoted, the next connection finds it.

    asyncpg has one time limit for all servers of an address together, so that one whose machine is gone would use it up. Here
    each has its part of it, and the one that served last is asked first.

    Raises:
        ValueError: see `places_of`.
    """

    def __init__(self, database_url: str) -> None:
        self._places = places_of(database_url)

    async def connect(self, dsn: str, *, timeout: float, **kwargs: Any) -> "Connection[Any]":  # noqa: ANN401, ASYNC109 - as asyncpg's
        """See `asyncpg.connect`.

        Raises:
            OSError: none of the servers takes us in as a primary; it says what each of them did.
        """
        if len(self._places) < 2:  # noqa: PLR2004 - several
            return await _connect(dsn, self._places[0] if self._places else None, timeout=timeout, **kwargs)
        said = []
        for place in tuple(self._places):
            where = {"host": place.host, **({"port": place.port} if place.port else {})}
            try:
                opened = await _connect(dsn, place, timeout=timeout / len(self._places), **where, **kwargs)
            except Exception as error:
                if not is_lost(error):
                    raise
                said.append(f"{place}: {str(error) or 'no answer in time'}")
                continue
            self._places.remove(place)
            self._places.insert(0, place)
            return opened
        raise ConnectionError("; ".join(said))


async def _connect(dsn: str, place: Place | None, **kwargs: Any) -> "Connection[Any]":  # noqa: ANN401 - asyncpg's own
    try:
        opened: Connection[Any] = await asyncpg.connect(dsn, target_session_attrs=SessionAttribute.primary, **kwargs)
        return opened
    except TargetServerAttributeNotMatched:
        raise ConnectionError(f"{place or 'the server'} is a standby, which takes no changes") from None
