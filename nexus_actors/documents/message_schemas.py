"""JSON Schemas of what travels on the bus, as AsyncAPI takes them."""

from typing import Any, Final

import msgspec

from bus.schema import Schema, subschemas
from nexus_actors.http.json_schema import describe_properties

REF: Final = "#/components/schemas/{name}"


class MessageSchemas:
    """The schemas of a set of types; types with a name are components, referred to from everywhere.

    Attributes:
        components: the schemas with names.
    """

    def __init__(self, kinds: list[Any]) -> None:
        self._kinds: list[Any] = []
        for kind in kinds:
            if kind not in self._kinds:
                self._kinds.append(kind)
        self._schemas, self.components = msgspec.json.schema_components(self._kinds, ref_template=REF)
        for schema in (*self._schemas, *self.components.values()):
            describe_properties(schema)
            to_draft_07(schema)

    def of(self, kind: Any) -> Schema:  # noqa: ANN401 - a type or generic alias
        """The schema of one of the types."""
        return self._schemas[self._kinds.index(kind)]


def to_draft_07(schema: Schema) -> None:
    """Say in JSON Schema draft 7 what msgspec says in draft 2020-12; in place.

    AsyncAPI's own schemas are a superset of draft 7 (AsyncAPI 3.0.0, Schema Object), and not every tool reads others.
    """
    for part in list(subschemas(schema)):
        if "prefixItems" in part:
            if "items" in part:
                part["additionalItems"] = part["items"]
            part["items"] = part.pop("prefixItems")
        # In AsyncAPI it is a text, and the tags of the alternatives say the same.
        if isinstance(part.get("discriminator"), dict):
            del part["discriminator"]
        # Draft 7 ignores whatever stands beside a reference.
        if "$ref" in part and len(part) > 1:
            part["allOf"] = [{"$ref": part.pop("$ref")}]
