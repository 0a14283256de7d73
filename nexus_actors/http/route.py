"""A route: a way into a service over HTTP, with everything that the face and its documentation need to know of it."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, Literal

from msgspec import Struct

from nexus_actors.errors import NexusError
from nexus_actors.http.limits import RateLimit

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = Callable[..., Awaitable[Any]]

JSON: Final = "application/json"
DEFAULT_BODY_LIMIT_BYTES: Final = 1024 * 1024


class RouteError(NexusError):
    """Raised when a route is declared in a way that cannot work."""


class Raw(Struct, frozen=True):
    """A result that is not JSON of a type: bytes, and what they are.

    Attributes:
        body: the bytes.
        content_type: their media type, such as ``application/gpx+xml``.
        status: the HTTP status; None takes the route's.
        headers: more headers, such as Content-Disposition.
    """

    body: bytes
    content_type: str
    status: int | None = None
    headers: Mapping[str, str] = {}


class RouteOptions(Struct, frozen=True, kw_only=True):
    """What a decorator says about its route.

    Attributes:
        scope: what a caller must be allowed; None makes the route public.
        status: the status of success; None takes 200, or 204 where nothing is returned.
        rate_limit: how often a caller may ask; None leaves it to the face.
        body_limit_bytes: how long a body may be.
        accepts: media types of the body; ``*/*`` for any.
        secret_body: the body holds a password or the like. An Idempotency-Key is then not obeyed, for its digest of the body
            would be kept, and passwords can be guessed from a digest.
        answers: the JSON that a route which returns `Raw` answers with, by status, where a standard of its own rules that;
            for the documentation.
    """

    scope: str | None
    status: int | None = None
    rate_limit: RateLimit | None = None
    body_limit_bytes: int = DEFAULT_BODY_LIMIT_BYTES
    accepts: tuple[str, ...] = (JSON,)
    secret_body: bool = False
    answers: Mapping[int, type[Struct]] = {}


class Route(Struct, frozen=True, kw_only=True):
    """One route. `Routes` makes them.

    Attributes:
        method: the HTTP method.
        path: the path with its parameters in braces.
        tag: the heading under which the documentation shows it.
        handler: the coroutine function that answers.
        name: the handler's name.
        summary: what it does, in a line.
        description: the rest of the handler's docstring.
        options: what the decorator said.
        status: the status of success.
        path_type: the Struct of the path's parameters.
        query_type: the Struct of the query's parameters; ``dict`` for all of them as text; None takes none.
        body_type: what the body is decoded into; ``bytes`` leaves it as it is; None takes none.
        result_type: the Struct, page, `Raw` or None that it answers with.
        takes_request: whether the handler has the parameter ``request``.
    """

    method: Method
    path: str
    tag: str
    handler: Handler
    name: str
    summary: str
    description: str
    options: RouteOptions
    status: int
    path_type: type[Struct]
    query_type: Any
    body_type: Any
    result_type: Any
    takes_request: bool

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing (a safe method, RFC 9110, section 9.2.1)."""
        return self.method == "GET"

    @property
    def is_json_body(self) -> bool:
        """Whether its body is decoded as JSON."""
        return self.body_type is not None and self.body_type is not bytes

    @property
    def label(self) -> str:
        """Method and path, as messages and limits name it."""
        return f"{self.method} {self.path}"


def status_of(options: RouteOptions, result_type: Any) -> int:  # noqa: ANN401 - a type or generic alias
    """The status of success.

    Raises:
        RouteError: the declared one is no success, or says that there is no content where there is.
    """
    empty = HTTPStatus.NO_CONTENT
    if options.status is None:
        return empty if result_type is None else HTTPStatus.OK
    if not HTTPStatus.OK <= options.status < HTTPStatus.MULTIPLE_CHOICES:
        raise RouteError(
            f"has status={options.status}, which is no success. Give one from 200 to 299; raise Refusal to refuse."
        )
    if (options.status == empty) != (result_type is None):
        raise RouteError("answers 204 where something is returned, or something else where nothing is. Change one of them.")
    return options.status
