"""The OpenAPI 3.1 document of a service, from the same types that its routes decode."""

import re
from collections import Counter
from typing import Any, Final

from msgspec import Struct

from nexus_actors.http.json_schema import attribute_texts
from nexus_actors.http.problem import MEDIA_TYPE, Problem
from nexus_actors.http.route import JSON, Raw, Route
from nexus_actors.http.schemas import Schemas, parameter_fields
from nexus_actors.http.streaming import Streamed

OPENAPI_VERSION: Final = "3.1.0"

Node = dict[str, Any]

_RESPONSES: Final = {
    "400": ("Malformed", "The request cannot be read."),
    "401": ("Unauthorised", "There is no valid token."),
    "403": ("Forbidden", "The token lacks the scope, or a rule forbids it."),
    "404": ("NotFound", "There is no such thing in the caller's tenant."),
    "409": ("Conflict", "The state of the thing does not allow it, or the same Idempotency-Key is at work."),
    "412": ("PreconditionFailed", "The thing has moved on from the version in If-Match."),
    "413": ("TooLarge", "The body is too long."),
    "415": ("UnsupportedMediaType", "The body is of a type that is not taken."),
    "422": ("Invalid", "The request says something that is not allowed; errors names the fields."),
    "429": ("RateLimited", "These requests come too often."),
    "503": ("Unavailable", "The service cannot answer now."),
}
_WITH_RETRY: Final = frozenset({"429", "503"})
_PARAMETERS: Final[dict[str, tuple[str, str, Node]]] = {
    "IdempotencyKey": (
        "Idempotency-Key",
        "Names this request: a repeat with the same key and body gets the first answer again.",
        {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    ),
    "IfMatch": (
        "If-Match",
        'The version that was read, such as "3"; the change is refused when it has moved on.',
        {"type": "string"},
    ),
    "IfNoneMatch": ("If-None-Match", "The ETag of what the client has; unchanged is answered 304.", {"type": "string"}),
}
_RETRY_AFTER: Final[Node] = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}
_ETAG: Final[Node] = {"description": "The version of what is shown.", "schema": {"type": "string"}}


def openapi_document(title: str, version: str, routes: tuple[Route, ...]) -> Node:
    """The document of a service.

    Args:
        title: title of the service.
        version: version of the release.
        routes: its routes, in the order in which they are shown.
    """
    schemas = Schemas(routes)
    names = operation_ids(routes)
    paths: dict[str, Node] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, names[route.label], schemas)
    return {
        "openapi": OPENAPI_VERSION,
        "info": {"title": title, "version": version},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "parameters": {name: _header(*parameter) for name, parameter in _PARAMETERS.items()},
            "responses": {name: _problem(status, text, schemas) for status, (name, text) in _RESPONSES.items()},
        },
    }


def operation_ids(routes: tuple[Route, ...]) -> dict[str, str]:
    """For each route's label its operation id: the handler's name, or where two share it, method and path."""
    counts = Counter(route.name for route in routes)
    return {route.label: route.name if counts[route.name] == 1 else _slug(route.label) for route in routes}


def _slug(label: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")


def _operation(route: Route, operation_id: str, schemas: Schemas) -> Node:
    operation: Node = {
        "operationId": operation_id,
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": _parameters(route, schemas),
        "responses": _responses(route, schemas),
        "security": [] if route.options.scope is None else [{"bearer": [route.options.scope]}],
    }
    if route.description:
        operation["description"] = route.description
    if route.is_json_body:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": schemas.of(route.body_type)}}}
    elif route.body_type is not None:
        operation["requestBody"] = {"required": True, "content": {kind: {} for kind in route.options.accepts}}
    return operation


def _parameters(route: Route, schemas: Schemas) -> list[Node]:
    parameters: list[Node] = [
        {"name": field.encode_name, "in": "path", "required": True, "schema": schemas.of_field(field)}
        for field in parameter_fields(route.path_type)
    ]
    texts = attribute_texts(route.query_type)
    for field in parameter_fields(route.query_type):
        node = {"name": field.encode_name, "in": "query", "required": field.required, "schema": schemas.of_field(field)}
        parameters.append(node | ({"description": texts[field.name]} if field.name in texts else {}))
    if route.query_type is dict:
        schema = {"type": "object", "additionalProperties": {"type": "string"}}
        parameters.append({"name": "query", "in": "query", "style": "form", "explode": True, "schema": schema})
    return parameters + [{"$ref": f"#/components/parameters/{name}"} for name in _headers(route)]


def _headers(route: Route) -> list[str]:
    if route.is_read:
        return ["IfNoneMatch"]
    changes_a_thing = "{" in route.path
    if route.options.secret_body:
        return []
    return ["IdempotencyKey", "IfMatch"] if changes_a_thing else ["IdempotencyKey"]


def _responses(route: Route, schemas: Schemas) -> Node:
    responses: Node = {str(route.status): _success(route, schemas)}
    if route.is_read:
        responses["304"] = {"description": "Unchanged since the ETag in If-None-Match."}
    for status in sorted(_possible(route)):
        responses[status] = {"$ref": f"#/components/responses/{_RESPONSES[status][0]}"}
    for code, kind in route.options.answers.items():
        if code != route.status:
            responses[str(code)] = _own_error(str(code), kind, schemas, may_be_problem=str(code) in responses)
    return dict(sorted(responses.items()))


def _possible(route: Route) -> set[str]:
    """The statuses that a route may refuse with, as far as its declaration tells."""
    statuses = {"400", "422", "429", "503"}
    if route.options.scope is not None:
        statuses |= {"401", "403"}
    if "{" in route.path:
        statuses |= {"404"}
    if not route.is_read:
        statuses |= {"409", "412"}
    if route.body_type is not None:
        statuses |= {"413", "415"}
    return statuses


def _success(route: Route, schemas: Schemas) -> Node:
    if route.result_type is None:
        return {"description": "Done."}
    if route.result_type is Streamed:
        return {
            "description": "Done. The answer comes in parts; it is whole where it ends as HTTP says.",
            "content": {"*/*": {}},
        }
    headers = {"ETag": _ETAG} if route.is_read else {}
    if route.result_type is Raw:
        kind = route.options.answers.get(route.status)
        content = {"*/*": {}} if kind is None else {JSON: {"schema": schemas.of(kind)}}
        return {"description": "Done.", "headers": headers, "content": content}
    return {"description": "Done.", "headers": headers, "content": {JSON: {"schema": schemas.of(route.result_type)}}}


def _header(name: str, text: str, schema: Node) -> Node:
    return {"name": name, "in": "header", "required": False, "description": text, "schema": schema}


def _own_error(status: str, kind: type[Struct], schemas: Schemas, *, may_be_problem: bool) -> Node:
    """An error in the form of the route's own standard; what the face refuses before is a problem document still."""
    response = _problem(status, _RESPONSES[status][1], schemas)
    own = {JSON: {"schema": schemas.of(kind)}}
    response["content"] = own | response["content"] if may_be_problem else own
    return response


def _problem(status: str, text: str, schemas: Schemas) -> Node:
    response: Node = {"description": text, "content": {MEDIA_TYPE: {"schema": schemas.of(Problem)}}}
    if status in _WITH_RETRY:
        response["headers"] = {"Retry-After": _RETRY_AFTER}
    if status == "401":
        response["headers"] = {"WWW-Authenticate": {"description": "How to log in.", "schema": {"type": "string"}}}
    return response
