"""JSON Schemas as msgspec writes them: what is in them, and docstrings put where readers of a document look for them."""

import inspect
import re
from typing import Any, Final, NamedTuple

from bus.schema import SHOWN, Schema, subschemas

_SECTION: Final = "Attributes:"
_INDENT: Final = 4
_ATTRIBUTE: Final = re.compile(r"(\w+): (.*)")


class Docstring(NamedTuple):
    """What a docstring says.

    Attributes:
        text: all of it but the section on attributes.
        attributes: what that section says, by attribute, each on one line.
    """

    text: str
    attributes: dict[str, str]

    @property
    def summary(self) -> str:
        """Its first paragraph, on one line."""
        return " ".join(self.text.partition("\n\n")[0].split())

    @property
    def details(self) -> str:
        """What follows the first paragraph."""
        return self.text.partition("\n\n")[2].strip()


def parse_docstring(doc: str | None) -> Docstring:
    """Read a docstring in Google's style, indented as it is in the source or not (Python 3.13 takes the indents out)."""
    text: list[str] = []
    attributes: dict[str, str] = {}
    name, is_inside = "", False
    for line in inspect.cleandoc(doc or "").splitlines():
        if line.strip() and not line.startswith(" "):
            is_inside = line == _SECTION
        if not is_inside:
            text.append(line)
        elif (found := _ATTRIBUTE.fullmatch(line.strip())) and len(line) - len(line.lstrip()) == _INDENT:
            name, attributes[found[1]] = found[1], found[2]
        elif name and line.strip():
            attributes[name] += " " + line.strip()
    return Docstring("\n".join(text).strip(), attributes)


def attribute_texts(kind: Any) -> dict[str, str]:  # noqa: ANN401 - a type, or None
    """What a class and those that it extends say of their attributes."""
    texts: dict[str, str] = {}
    for each in reversed(getattr(kind, "__mro__", ())):
        texts |= parse_docstring(each.__doc__).attributes
    return texts


def describe_properties(schema: Schema) -> None:
    """Move what docstrings say of single attributes to the properties, everywhere in a schema; in place."""
    for part in list(subschemas(schema)):
        part.update(part.pop(SHOWN, {}))
        if "description" not in part:
            continue
        doc = parse_docstring(part["description"])
        part["description"] = doc.text
        properties = part.get("properties", {})
        for name in doc.attributes.keys() & properties.keys():
            properties[name].setdefault("description", doc.attributes[name])
