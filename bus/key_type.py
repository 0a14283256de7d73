"""Which types a key may have: those whose values have one text, the same in every process."""

from collections.abc import Iterable
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
        return _literal_problem(get_args(kind), may_be_none=may_be_none)
    if get_origin(kind) in (Union, UnionType):
        return _union_problem(get_args(kind), may_be_none=may_be_none)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return (
            f"is the enum {kind.__name__}, of which a key would be a name of Python's. Give it a Literal of its values instead."
        )
    return f"is of the type {_shown(kind)}, whose values have no text that stays the same. {_ALLOWED}."


def _literal_problem(values: Iterable[object], *, may_be_none: bool) -> str | None:
    texts: dict[str, object] = {}
    for value in values:
        if value is None and may_be_none:
            continue
        if type(value) not in (str, int):
            return f"may be {value!r}, which is no key. {_ALLOWED}."
        first = texts.setdefault(str(value), value)
        if first != value:
            return f"may be {first!r} and {value!r}, which are the same key, for they have the same text. Leave one out."
    return None


def _union_problem(members: Iterable[Any], *, may_be_none: bool) -> str | None:
    kinds = set(map(bare_type, members))
    keys = kinds - {NoneType}
    if len(keys) < len(kinds) and not may_be_none:
        return 'may be None, and everything without a key would share the key "None". Make it required.'
    if all(get_origin(kind) is Literal for kind in keys):
        return _literal_problem([value for kind in keys for value in get_args(kind)], may_be_none=may_be_none)
    if len(keys) > 1:
        return f"is one of several types, whose values may have the same text. {_ALLOWED}."
    return key_type_problem(keys.pop(), may_be_none=may_be_none)


def _shown(kind: Any) -> str:  # noqa: ANN401
    return kind.__name__ if isinstance(kind, type) else str(kind).removeprefix("typing.")
