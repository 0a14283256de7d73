"""What the URL of a Redis says: one server, a cluster, or a master that sentinels name. No redis is imported to read it."""

from typing import Final, Literal, NamedTuple
from urllib.parse import SplitResult, parse_qs, unquote, urlencode, urlsplit

from msgspec import Struct

Kind = Literal["single", "cluster", "sentinel"]

REDIS_SCHEMES: Final = (
    *("redis", "rediss", "unix"),
    *("redis+cluster", "rediss+cluster"),
    *("redis+sentinel", "rediss+sentinel"),
)

_REDIS_PORT: Final = 6379
_SENTINEL_PORT: Final = 26379
_SENTINEL_OPTIONS: Final = ("sentinel_username", "sentinel_password")


class Endpoint(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class RedisAddress(Struct, frozen=True, kw_only=True):
    """A Redis, as its URL describes it.

    Attributes:
        url: how to connect to one of its servers, in the form that redis-py reads; of a cluster or a sentinel set-up with the
            first endpoint of the list in it.
        endpoints: nodes of the cluster to begin with, or the sentinels; empty for a single server.
        master: the name under which the sentinels watch the master.
        sentinel_options: username and password that the sentinels themselves ask for.
    """

    kind: Kind
    url: str
    endpoints: tuple[Endpoint, ...] = ()
    master: str = ""
    sentinel_options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, url: str) -> "RedisAddress":
        """Read a URL.

        ========================================================  ========================================================
        ``redis://user:password@host:port/db``, ``unix://``       one server
        ``redis+cluster://user:password@host:port,host:port``     a cluster, found through any of its nodes
        ``redis+sentinel://user:password@host:port,.../name/db``  the master that the sentinels watch as ``name``
        ========================================================  ========================================================

        ``rediss`` in place of ``redis`` is TLS. Username and password are those of the Redis servers. Sentinels with a password
        of their own get it from the query: ``?sentinel_username=...&sentinel_password=...``.

        Raises:
            ValueError: its text completes a sentence that begins with the name of the setting, and repeats no secret.
        """
        parts = urlsplit(url)
        scheme, _, form = parts.scheme.partition("+")
        if not form:
            return cls(kind="single", url=url)
        if form == "cluster":
            return _cluster(parts, scheme)
        if form == "sentinel":
            return _sentinel(parts, scheme)
        message = f"has the scheme {parts.scheme}; known are {', '.join(REDIS_SCHEMES)}."
        raise ValueError(message)


def _cluster(parts: SplitResult, scheme: str) -> RedisAddress:
    if parts.path.strip("/") not in {"", "0"}:
        message = f"names database {parts.path.strip('/')}; a Redis Cluster has database 0 only. Leave it out."
        raise ValueError(message)
    endpoints = _endpoints(parts, _REDIS_PORT)
    return RedisAddress(kind="cluster", url=_one(parts, scheme, endpoints[0], "0", parts.query), endpoints=endpoints)


def _sentinel(parts: SplitResult, scheme: str) -> RedisAddress:
    master, _, database = parts.path.strip("/").partition("/")
    if not master:
        message = "names no master; write redis+sentinel://host:port,host:port/NAME, with the name that the sentinels watch."
        raise ValueError(message)
    if database and not database.isdecimal():
        message = f"names database {database}; behind the name of the master belongs a number, as in /{master}/0."
        raise ValueError(message)
    query = parse_qs(parts.query)
    options = tuple((name, query.pop(name)[0]) for name in _SENTINEL_OPTIONS if name in query)
    endpoints = _endpoints(parts, _SENTINEL_PORT)
    return RedisAddress(
        kind="sentinel",
        url=_one(parts, scheme, endpoints[0], database or "0", urlencode(query, doseq=True)),
        endpoints=endpoints,
        master=unquote(master),
        sentinel_options=tuple((name.removeprefix("sentinel_"), value) for name, value in options),
    )


def _endpoints(parts: SplitResult, default_port: int) -> tuple[Endpoint, ...]:
    hosts = parts.netloc.rpartition("@")[2]
    endpoints = []
    for text in hosts.split(","):
        try:
            one = urlsplit(f"//{text}")
            host, port = one.hostname, one.port or default_port
        except ValueError:
            host, port = None, 0
        if not host:
            message = f"has the host {text!r} in its list; write HOST:PORT,HOST:PORT without spaces."
            raise ValueError(message)
        endpoints.append(Endpoint(unquote(host), port))
    return tuple(endpoints)


def _one(parts: SplitResult, scheme: str, endpoint: Endpoint, database: str, query: str) -> str:
    """The URL of one server, in the form that redis-py reads."""
    credentials, at, _ = parts.netloc.rpartition("@")
    return f"{scheme}://{credentials}{at}{endpoint}/{database}" + (f"?{query}" if query else "")
