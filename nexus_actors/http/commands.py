"""Routes that ask a command: the path names its key, If-Match its expected version, and the body has all the rest.

A field ``tenant`` is the caller's own tenant: nobody names another one.
"""

from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bus import Command
from bus.message import snake_case
from nexus_actors.http.json_schema import parse_docstring
from nexus_actors.http.request import Request
from nexus_actors.http.route import Method, Route, RouteError, RouteOptions
from nexus_actors.http.signature import PATH_PARAMETER, route_of
from nexus_actors.http.strict import strict_twin

_VERSION: Final = "expected_version"
_TENANT: Final = "tenant"


def command_route(tag: str, method: Method, path: str, kind: type[Command[Any]], options: RouteOptions) -> Route:
    """The route that asks a command and answers with its answer.

    Raises:
        RouteError: the path has a parameter that is no field of the command or is its tenant, or nothing gives it a key.
    """
    types = {field.name: field.type for field in msgspec.structs.fields(kind)}
    in_path = PATH_PARAMETER.findall(path)
    if _TENANT in in_path:
        raise RouteError(f"{method} {path}: the tenant is the caller's. Take it out of the path.")
    makes = kind.key_field not in {*in_path, _TENANT}
    if unknown := set(in_path) - types.keys():
        raise RouteError(f"{method} {path}: {kind.__name__} has no field {', '.join(sorted(unknown))}, which the path has.")
    if makes and (method != "POST" or types[kind.key_field] is not UUID):
        raise RouteError(f"{method} {path}: nothing gives {kind.__name__} its {kind.key_field}. Name it in the path.")
    elsewhere = {*in_path, kind.key_field, _VERSION, _TENANT}
    body = strict_twin(kind, elsewhere) if types.keys() - elsewhere else None
    hints: dict[str, Any] = {"request": Request, "return": kind.reply_type(), **{name: types[name] for name in in_path}}
    if body is not None:
        hints["body"] = body

    async def ask(request: Request, body: Struct | None = None, **given: Any) -> Any:  # noqa: ANN401 - fields, an answer
        if makes:
            given[kind.key_field] = request.new_id()
        if _VERSION in types:
            given[_VERSION] = request.expected_version
        if _TENANT in types:
            given[_TENANT] = request.tenant
        if body is not None:
            given.update(msgspec.structs.asdict(body))
        return await request.ask(kind(**given))

    doc = parse_docstring(kind.__doc__).text
    return route_of(tag, method, path, options, ask, name=snake_case(kind.__name__), doc=doc, hints=hints)
