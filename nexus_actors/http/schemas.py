"""JSON Schemas of the types that routes take and give."""

from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import FieldInfo

from bus.schema import Schema
from nexus_actors.http.json_schema import describe_properties
from nexus_actors.http.problem import Problem
from nexus_actors.http.route import Raw, Route
from nexus_actors.http.streaming import Streamed

REF: Final = "#/components/schemas/{name}"


class Schemas:
    """The schemas of a set of routes; types with a name are components, referred to from everywhere.

    Attributes:
        components: the schemas with names.
    """

    def __init__(self, routes: tuple[Route, ...]) -> None:
        self._kinds = _unique([Problem, *(kind for route in routes for kind in _kinds(route))])
        self._schemas, self.components = msgspec.json.schema_components(self._kinds, ref_template=REF)
        for schema in (*self._schemas, *self.components.values()):
            describe_properties(schema)

    def of(self, kind: Any) -> Schema:  # noqa: ANN401 - a type or generic alias
        """The schema of a type that one of the routes takes or gives."""
        position = next(index for index, other in enumerate(self._kinds) if other == kind)
        return dict(self._schemas[position])

    def of_field(self, field: FieldInfo) -> Schema:
        """The schema of a parameter: without null, which a parameter cannot be, and with its default."""
        schema = _without_null(self.of(field.type))
        if field.default is not msgspec.NODEFAULT and field.default is not None and field.default is not UNSET:
            schema["default"] = msgspec.to_builtins(field.default)
        return schema


def parameter_fields(kind: Any) -> tuple[FieldInfo, ...]:  # noqa: ANN401 - a type, or None
    """The fields of a Struct of parameters; none of anything else."""
    is_struct = isinstance(kind, type) and issubclass(kind, Struct)
    return msgspec.structs.fields(kind) if is_struct else ()


def _kinds(route: Route) -> list[Any]:
    kinds = [field.type for kind in (route.path_type, route.query_type) for field in parameter_fields(kind)]
    if route.is_json_body:
        kinds.append(route.body_type)
    if route.result_type not in {None, Raw, Streamed}:
        kinds.append(route.result_type)
    return [*kinds, *route.options.answers.values()]


def _unique(kinds: list[Any]) -> list[Any]:
    """Each type once. By comparison, as not every annotation can be hashed."""
    found: list[Any] = []
    for kind in kinds:
        if kind not in found:
            found.append(kind)
    return found


def _without_null(schema: Schema) -> Schema:
    members = [member for member in schema.get("anyOf", ()) if member != {"type": "null"}]
    if not members:
        return schema
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    return {**rest, **members[0]} if len(members) == 1 else {**rest, "anyOf": members}
