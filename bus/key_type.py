"""Which types a key may have: those whose values have one text, the same in every process."""

import typing
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

from bus.bare_type import bare_type

_ALLOWED: Final = "Give it a str, an int, a UUID, or a Literal, NewType or Annotated of these"


def key_type_problem(declared: Any, *, may_be_none: bool = False) -> str | None:  # noqa: ANN401 - whatever was declared
    """What is wrong with a field of this type as a key, in words that follow its name; None where nothing is.

    Args:
        may_be_none: None stands for no key at all.
    """
    kind = bare_type(declared)
    if kind in (str, int, UUID):
        return None
    if get_origin(kind) is Literal:
        odd = [value for value in get_args(kind) if type(value) not in (str, int) and not (value is None and may_be_none)]
        return f"may be {odd[0]!r}, which is no key. {_ALLOWED}." if odd else None
    if get_origin(kind) in (Union, UnionType):
        return _union_problem(get_args(kind), may_be_none=may_be_none)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return (
            f"is the enum {kind.__name__}, of which a key would be a name of Python's. Give it a Literal of its values instead."
        )
    return f"is of the type {_shown(kind)}, whose values have no text that stays the same. {_ALLOWED}."


def _union_problem(members: tuple[Any, ...], *, may_be_none: bool) -> str | None:
    keys = [member for member in members if member is not NoneType]
    if len(keys) < len(members) and not may_be_none:
        return 'may be None, and everything without a key would share the key "None". Make it required.'
    if len(keys) > 1:
        return f"is one of several types, whose values may have the same text. {_ALLOWED}."
    return key_type_problem(keys[0])


def _shown(kind: Any) -> str:  # noqa: ANN401
    return kind.__name__ if isinstance(kind, type) else str(kind).removeprefix("typing.")


def declared_type(cls: type, field: str) -> Any:  # noqa: ANN401
    """The type that a class declares for a field.

    Raises:
        NameError: it names what is not there yet: a class that stands further down, or one imported for type checkers alone.
    """
    return typing.get_type_hints(cls, include_extras=True)[field]
