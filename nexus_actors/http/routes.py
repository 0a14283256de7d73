"""The routes of a service, declared beside their handlers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from bus import Command
from nexus_actors.http.commands import command_route
from nexus_actors.http.limits import RateLimit
from nexus_actors.http.reads import list_route, show_route
from nexus_actors.http.route import DEFAULT_BODY_LIMIT_BYTES, JSON, Method, Route, RouteError, RouteOptions
from nexus_actors.http.signature import inspect_route
from nexus_actors.tables import Table

H = TypeVar("H", bound=Callable[..., Awaitable[Any]])


class Routes:
    """A group of routes, which the documentation shows under one heading.

    Each decorator takes a path such as ``/v1/vehicles/{vehicle_id}`` or ``/v1/vehicles/{vehicle_id}:retire``, looks at the
    handler's signature and raises `RouteError` where it cannot work. The handler itself stays as it is.

    Args:
        tag: the heading.
    """

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self._routes: list[Route] = []

    @property
    def all(self) -> tuple[Route, ...]:
        """The routes declared so far, in order."""
        return tuple(self._routes)

    def get(
        self, path: str, *, scope: str | None, status: int | None = None, rate_limit: RateLimit | None = None
    ) -> Callable[[H], H]:
        """Declare a read. HEAD is answered alike, without the body.

        Args:
            path: the path, with its parameters in braces.
            scope: what a caller must be allowed; None makes the route public.
            status: the status of success.
            rate_limit: how often a caller may ask.
        """
        return self._declare("GET", path, RouteOptions(scope=scope, status=status, rate_limit=rate_limit))

    def delete(
        self, path: str, *, scope: str | None, status: int | None = None, rate_limit: RateLimit | None = None
    ) -> Callable[[H], H]:
        """Declare the end of a thing; arguments as for `get`."""
        return self._declare("DELETE", path, RouteOptions(scope=scope, status=status, rate_limit=rate_limit))

    def post(
        self,
        path: str,
        *,
        scope: str | None,
        status: int | None = None,
        rate_limit: RateLimit | None = None,
        body_limit_bytes: int = DEFAULT_BODY_LIMIT_BYTES,
        accepts: tuple[str, ...] = (JSON,),
        secret_body: bool = False,
        answers: Mapping[int, type[Struct]] | None = None,
    ) -> Callable[[H], H]:
        """Declare something that makes or moves things.

        Args:
            path: the path, with its parameters in braces.
            scope: what a caller must be allowed; None makes the route public.
            status: the status of success; 201 where a thing is made.
            rate_limit: how often a caller may ask.
            body_limit_bytes: how long a body may be.
            accepts: media types of the body; other than JSON only where the handler takes ``body: bytes``.
            secret_body: the body holds a password or the like: no digest of it may be kept, so no Idempotency-Key is obeyed.
            answers: what the documentation says of a `Raw` result: the type of its JSON for each status that it may have.
        """
        options = _options(scope, status, rate_limit, body_limit_bytes, accepts)
        return self._declare("POST", path, replace(options, secret_body=secret_body, answers=answers or {}))

    def put(
        self,
        path: str,
        *,
        scope: str | None,
        status: int | None = None,
        rate_limit: RateLimit | None = None,
        body_limit_bytes: int = DEFAULT_BODY_LIMIT_BYTES,
        accepts: tuple[str, ...] = (JSON,),
    ) -> Callable[[H], H]:
        """Declare the replacement of a thing; arguments as for `post`."""
        return self._declare("PUT", path, _options(scope, status, rate_limit, body_limit_bytes, accepts))

    def patch(
        self,
        path: str,
        *,
        scope: str | None,
        status: int | None = None,
        rate_limit: RateLimit | None = None,
        body_limit_bytes: int = DEFAULT_BODY_LIMIT_BYTES,
        accepts: tuple[str, ...] = (JSON,),
    ) -> Callable[[H], H]:
        """Declare the change of a thing; arguments as for `post`."""
        return self._declare("PATCH", path, _options(scope, status, rate_limit, body_limit_bytes, accepts))

    def command(
        self,
        method: Method,
        path: str,
        kind: type[Command[Any]],
        *,
        scope: str | None = None,
        status: int | None = None,
        rate_limit: RateLimit | None = None,
    ) -> None:
        """Declare a route that asks a command, under the command's own scope, and answers with its answer.

        Fields that the path names come from there; the key is a new id where it does not name it. ``expected_version`` comes
        from If-Match, ``tenant`` is the caller's. The other fields are the body.

        Args:
            method: POST, PUT, PATCH or DELETE.
            path: the path, with its parameters in braces.
            kind: what is asked. Its docstring is the route's.
            scope: what a caller must be allowed, for a command without a scope of its own, which has no other way in.
            status: the status of success; 201 where a thing is made.
            rate_limit: how often a caller may ask.
        """
        if (kind.scope is None) == (scope is None):
            which = "no scope, so nobody may ask it from outside" if scope is None else f"the scope {kind.scope} already"
            raise RouteError(f"{method} {path}: {kind.__name__} has {which}.")
        options = RouteOptions(scope=scope or kind.scope, status=status, rate_limit=rate_limit)
        self._add(command_route(self.tag, method, path, kind, options))

    def reads(
        self, path: str, table: Table[Any], *, scope: str | None, filters: Sequence[str] = (), about: str | None = None
    ) -> None:
        """Declare two routes: the list of a table at ``path``, page by page, and one of its rows under it, by its key.

        Args:
            path: the path of the list.
            table: what is read.
            scope: what a caller must be allowed.
            filters: fields that a caller may ask for by their values.
            about: what the list shows, in a sentence.
        """
        options = RouteOptions(scope=scope)
        self._add(list_route(self.tag, path, table, filters, about, options))
        self._add(show_route(self.tag, path, table, options))

    def _declare(self, method: Method, path: str, options: RouteOptions) -> Callable[[H], H]:
        def declare(handler: H) -> H:
            self._add(inspect_route(self.tag, method, path, options, handler))
            return handler

        return declare

    def _add(self, route: Route) -> None:
        if any(other.label == route.label for other in self._routes):
            raise RouteError(f"{route.label} is declared twice. Remove one.")
        self._routes.append(route)


def _options(
    scope: str | None, status: int | None, rate_limit: RateLimit | None, body_limit_bytes: int, accepts: tuple[str, ...]
) -> RouteOptions:
    return RouteOptions(scope=scope, status=status, rate_limit=rate_limit, body_limit_bytes=body_limit_bytes, accepts=accepts)
