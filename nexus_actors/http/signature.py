"""What the signature of a route's handler says, and whether it can work."""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from bus.errors import AbsentType
from bus.field_types import check_fields
from nexus_actors.http.body_type import check_body_type
from nexus_actors.http.page import Page
from nexus_actors.http.parameters import ParameterDecoder, UnfitParameter
from nexus_actors.http.request import Request
from nexus_actors.http.route import JSON, Method, Route, RouteError, RouteOptions, status_of

PATH_PARAMETER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")

_PATH: Final = re.compile(r"/(?:(?:[A-Za-z0-9._~-]|\{[a-z][a-z0-9_]*\})+(?::[a-z][a-z0-9_]*)?(?:/(?!$)|$))*")
_SCOPE: Final = re.compile(r"[a-z][a-z0-9_-]*(:[a-z0-9][a-z0-9_-]*)+")
_RESERVED: Final = frozenset({"request", "body", "query"})
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


def inspect_route(tag: str, method: Method, path: str, options: RouteOptions, handler: Callable[..., Any]) -> Route:
    """The route that a handler with these options is.

    Raises:
        RouteError: path, options and signature do not fit each other; the message says which and what to change.
    """
    try:
        return _inspect(tag, method, path, options, handler)
    except (RouteError, UnfitParameter, AbsentType) as error:
        name = getattr(handler, "__qualname__", repr(handler))
        raise RouteError(f"{method} {path} ({name}): {error}") from error


def _inspect(tag: str, method: Method, path: str, options: RouteOptions, handler: Callable[..., Any]) -> Route:
    hints = _hints(handler)
    for name in PATH_PARAMETER.findall(path):
        parameter = inspect.signature(handler).parameters.get(name)
        if parameter is not None and parameter.default is not inspect.Parameter.empty:
            raise RouteError(f"{name} is in the path, so it cannot have a default")
    doc = inspect.getdoc(handler) or _title(handler.__name__)
    return route_of(tag, method, path, options, handler, name=handler.__name__, doc=doc, hints=hints)


def route_of(
    tag: str,
    method: Method,
    path: str,
    options: RouteOptions,
    handler: Callable[..., Any],
    *,
    name: str,
    doc: str,
    hints: Mapping[str, Any],
) -> Route:
    """The route of a handler whose parameters, by name, and ``return`` have these types.

    Raises:
        RouteError: path, options and types do not fit each other.
        UnfitParameter: a parameter of path or query has a type that text cannot become.
    """
    _check_options(path, options)
    result_type = _result_type(hints)
    body_type = _body_type(method, hints, options)
    summary, _, description = doc.partition("\n")
    return Route(
        method=method,
        path=path,
        tag=tag,
        handler=handler,
        name=name,
        summary=summary.strip(),
        description=description.strip(),
        options=options,
        status=status_of(options, result_type),
        path_type=_path_type(PATH_PARAMETER.findall(path), hints),
        query_type=_query_type(hints),
        body_type=body_type,
        result_type=result_type,
        takes_request="request" in hints,
    )


def _check_options(path: str, options: RouteOptions) -> None:
    if not _PATH.fullmatch(path):
        raise RouteError("the path is not of the form /v1/things/{thing_id}:verb")
    names = PATH_PARAMETER.findall(path)
    if len(set(names)) < len(names) or not _RESERVED.isdisjoint(names):
        raise RouteError("a parameter of the path stands there twice, or is called request, body or query")
    if options.scope is not None and not _SCOPE.fullmatch(options.scope):
        raise RouteError(f"scope={options.scope!r} is not of the form fleet:write; scope=None makes a route public")
    if options.body_limit_bytes < 1 or not options.accepts:
        raise RouteError("body_limit_bytes must be positive, and accepts must name a media type")


def _hints(handler: Callable[..., Any]) -> dict[str, Any]:
    if not inspect.iscoroutinefunction(handler):
        raise RouteError("the handler must be an `async def`")
    for parameter in inspect.signature(handler).parameters.values():
        if parameter.kind not in {parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY}:
            raise RouteError(f"the parameter {parameter.name} is not one that can be given by name")
    try:
        hints = get_type_hints(handler, include_extras=True)
    except NameError as error:
        raise AbsentType("it", error) from error
    for hint in hints.values():
        check_fields(hint)
    untyped = inspect.signature(handler).parameters.keys() - hints.keys()
    if untyped or "return" not in hints:
        raise RouteError(f"a type is missing at {', '.join(sorted(untyped)) or 'the return'}")
    if hints.get("request", Request) is not Request:
        raise RouteError("the parameter request must be a Request")
    return hints


def _result_type(hints: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a type or generic alias
    kind = hints["return"]
    if kind is type(None):
        return None
    if get_origin(kind) is Page or (isinstance(kind, type) and issubclass(kind, Struct)):
        return kind
    raise RouteError(f"it returns {kind}. A route returns a Struct, Page[...], Raw(...), Streamed(...) or None")


def _path_type(names: list[str], hints: Mapping[str, Any]) -> type[Struct]:
    given = hints.keys() - _RESERVED - {"return"}
    if missing := set(names) - given:
        raise RouteError(f"the handler has no parameter {', '.join(sorted(missing))}, which the path has")
    if unknown := given - set(names):
        raise RouteError(f"{', '.join(sorted(unknown))} is neither request, body, query nor in the path")
    kind = msgspec.defstruct("PathParameters", [(name, hints[name]) for name in names], frozen=True)
    if any(is_list for is_list, _ in ParameterDecoder(kind, "path").fields.values()):
        raise RouteError("a parameter of the path cannot be a list")
    return kind


def _query_type(hints: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a type or generic alias
    kind = hints.get("query")
    if kind is None:
        return None
    if kind == dict[str, str]:
        return dict
    if not (isinstance(kind, type) and issubclass(kind, Struct)):
        raise RouteError("query must be a Struct, or dict[str, str] for all parameters as text")
    ParameterDecoder(kind, "query")
    check_body_type(kind, "query")
    return kind


def _body_type(method: Method, hints: Mapping[str, Any], options: RouteOptions) -> Any:  # noqa: ANN401 - a type or generic alias
    kind = hints.get("body")
    if kind is None:
        return None
    if method not in _WITH_BODY:
        raise RouteError(f"{method} takes no body")
    if kind is bytes:
        return bytes
    if options.accepts != (JSON,):
        raise RouteError(f"body is decoded from JSON, so accepts=({JSON!r},) is the only choice; take bytes for others")
    check_body_type(kind, "body")
    return kind


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize() + "."
