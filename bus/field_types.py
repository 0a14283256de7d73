"""The types of a class's fields, and whether all that they name is there when it runs."""

from collections.abc import Iterable
from dataclasses import is_dataclass
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

import msgspec
from msgspec import Struct

from bus.bare_type import bare_type
from bus.errors import AbsentType


def field_types(cls: type[Struct]) -> dict[str, Any]:
    """The types of a Struct's fields, by name, with what a generic base's parameters were given.

    Raises:
        AbsentType: they name what is not there, perhaps not yet.
    """
    try:
        return {field.name: field.type for field in msgspec.structs.fields(cls)}
    except NameError as error:
        raise AbsentType(f"A field of {cls.__name__}", error) from error


def check_fields(kind: Any) -> None:  # noqa: ANN401 - whatever was declared
    """Check that a type, and every type that its values hold, names what is there.

    Raises:
        AbsentType: one does not; the message says which.
    """
    waiting, seen = [kind], set[int]()
    while waiting:
        kind = waiting.pop()
        if id(kind) not in seen:
            seen.add(id(kind))
            waiting += _inner(kind)


def _inner(kind: Any) -> Iterable[Any]:  # noqa: ANN401
    try:
        bare = bare_type(kind)
    except NameError as error:
        raise AbsentType(f"The alias {kind}", error) from error
    if bare is not kind:
        return (bare,)
    if not isinstance(kind, type) or get_args(kind):
        return (get_origin(kind), *get_args(kind))
    if issubclass(kind, Struct):
        return field_types(kind).values()
    if not (is_dataclass(kind) or is_typeddict(kind) or issubclass(kind, tuple)):
        return ()
    try:
        return get_type_hints(kind, include_extras=True).values()
    except NameError as error:
        raise AbsentType(f"A field of {kind.__name__}", error) from error
