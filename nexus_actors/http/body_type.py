"""Whether a type can be read from a request strictly."""

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct, inspect

from nexus_actors.http.route import RouteError

_INNER: Final = ("type", "item_type", "key_type", "value_type")


def check_body_type(kind: Any, place: Literal["body", "query"]) -> None:  # noqa: ANN401 - a type or generic alias
    """Raise `RouteError` unless everything that a type reaches is read strictly.

    A body is a frozen Struct. Every Struct in it forbids unknown fields, every instant needs a time zone, and there is no
    Decimal, which would be read from text and numbers alike. ``msgspec.Raw`` takes JSON of any shape.
    """
    if kind is msgspec.Raw and place == "body":
        return
    if not (isinstance(kind, type) and issubclass(kind, Struct) and kind.__struct_config__.frozen):
        raise RouteError(f"{place} must be a frozen Struct, not {kind}")
    waiting: list[inspect.Type] = [inspect.type_info(kind)]
    seen: set[int] = set()
    while waiting:
        info = waiting.pop()
        if id(info) in seen:
            continue
        seen.add(id(info))
        _check(info, place)
        waiting += _inner(info)


def _check(info: inspect.Type, place: str) -> None:
    if isinstance(info, inspect.StructType) and not info.forbid_unknown_fields and place == "body":
        raise RouteError(f"{info.cls.__name__} must be declared with forbid_unknown_fields=True")
    if isinstance(info, inspect.DateTimeType) and info.tz is not True:
        raise RouteError(f"an instant in {place} needs a time zone: Annotated[datetime, msgspec.Meta(tz=True)]")
    if isinstance(info, inspect.DecimalType):
        raise RouteError(f"{place} has a Decimal, which would take numbers as text. Use an int in minor units")


def _inner(info: inspect.Type) -> list[inspect.Type]:
    """The types that one is made of."""
    found = [inner for name in _INNER if isinstance(inner := getattr(info, name, None), inspect.Type)]
    if isinstance(info, inspect.UnionType):
        found += info.types
    if isinstance(info, inspect.TupleType):
        found += info.item_types
    found += [field.type for field in getattr(info, "fields", ())]
    return found
