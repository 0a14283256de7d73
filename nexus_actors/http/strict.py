"""Twins of types that readers of the bus take with unknown fields, and that a body may not have them in."""

from collections.abc import Collection
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo, fields


def strict_twin(kind: type[Struct], without: Collection[str] = ()) -> type[Struct]:
    """A Struct with the fields of another one but for some, whose unknown fields are refused, also those of Structs in it."""
    return _defined(
        kind.__name__, kind, [_strict_field(field) for field in fields(kind) if field.name not in without], (Struct,)
    )


@cache
def _strict(kind: type[Struct]) -> type[Struct]:
    """The twin of a Struct inside a body: one of its kind, so that it stands in a message as it is.

    It has a name of its own, for documents show both it and what it is a twin of.
    """
    return _defined(f"{kind.__name__}Draft", kind, [_strict_field(field) for field in fields(kind)], (kind,))


def _defined(name: str, kind: type[Struct], left: list[tuple[str, Any, Any]], bases: tuple[type[Struct], ...]) -> type[Struct]:
    return msgspec.defstruct(
        name,
        left,
        bases=bases,
        module=kind.__module__,  # where documents of many services have two of a name, they say from where each is
        namespace={"__doc__": kind.__doc__},
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )


def _strict_field(field: FieldInfo) -> tuple[str, Any, Any]:
    shown = field.encode_name if field.encode_name != field.name else None
    if field.default_factory is not msgspec.NODEFAULT:
        default = msgspec.field(default_factory=field.default_factory, name=shown)
    else:
        default = msgspec.field(default=field.default, name=shown)
    return field.name, _strict_type(field.type), default


def _strict_type(hint: Any) -> Any:  # noqa: ANN401 - a type
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _strict(hint)
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return Annotated[_strict_type(inner[0]), *inner[1:]]
    if origin in {Union, UnionType}:
        return Union[tuple(map(_strict_type, inner))]  # noqa: UP007 - made of values
    if origin in {list, tuple, dict}:
        return origin[tuple(map(_strict_type, inner))]
    return hint
