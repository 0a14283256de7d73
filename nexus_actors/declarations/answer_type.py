"""Whether what a handler says that it answers with is what its command promises."""

import sys
from collections.abc import Mapping
from datetime import date, datetime
from types import NoneType, UnionType
from typing import (
    Any,
    Final,
    Literal,
    Never,
    NoReturn,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from bus.bare_type import bare_type

_NEVER: Final = (Never, NoReturn)
_NOT_ON_THE_WIRE: Final = ((bool, int), (bool, float), (datetime, date))
"""What is a kind of the other in Python alone."""
_ANYTHING: Final = (Any, object)


def answers_with(declared: Any, promised: Any) -> bool:  # noqa: ANN401 - whatever was declared
    """Whether every value of a declared type is one of the promised type, as it is on the wire.

    Annotations, new names and aliases of a type are that type there. ``Any`` says nothing, so it is believed; so are two
    aliases that hold themselves.
    """
    try:
        return _answers(declared, promised)
    except RecursionError:
        return True


def _answers(declared: Any, promised: Any) -> bool:  # noqa: ANN401
    declared, promised = _bare(declared), _bare(promised)
    if declared == promised or declared is Any or promised in _ANYTHING or declared in _NEVER or isinstance(promised, TypeVar):
        return True
    for rule in (_unions, _literals, _generics):
        answer = rule(declared, promised)
        if answer is not None:
            return answer
    return _is_kind(declared, promised)


def _unions(declared: Any, promised: Any) -> bool | None:  # noqa: ANN401
    if _is_union(declared):
        return all(_answers(member, promised) for member in get_args(declared))
    if _is_union(promised):
        return any(_answers(declared, member) for member in get_args(promised)) or _spread(declared, promised)
    return None


def _spread(declared: Any, promised: Any) -> bool:  # noqa: ANN401
    """A Literal whose values belong to several members of a union."""
    return get_origin(declared) is Literal and all(
        any(_answers(Literal[value], member) for member in get_args(promised)) for value in get_args(declared)
    )


def _literals(declared: Any, promised: Any) -> bool | None:  # noqa: ANN401
    if get_origin(promised) is Literal:
        allowed = [(type(value), value) for value in get_args(promised)]
        return get_origin(declared) is Literal and all((type(value), value) in allowed for value in get_args(declared))
    if get_origin(declared) is Literal:
        return all(_answers(type(value), promised) for value in get_args(declared))
    return None


def _generics(declared: Any, promised: Any) -> bool | None:  # noqa: ANN401
    wanted = get_origin(promised)
    if wanted is None:
        return None
    kind = get_origin(declared) or declared
    if not _is_kind(kind, wanted) or issubclass(kind, Mapping) != issubclass(wanted, Mapping):
        return False
    given, expected = get_args(declared), get_args(promised)
    if not given:
        return True
    if kind is tuple and (wanted is not tuple or expected[-1:] == (Ellipsis,)):
        return all(_answers(member, expected[0]) for member in given if member is not Ellipsis)
    if kind is wanted or _arranges_alike(kind, given, expected):
        return len(given) == len(expected) and all(map(_answers, given, expected))
    return True


def _arranges_alike(kind: type, given: tuple[Any, ...], expected: tuple[Any, ...]) -> bool:
    """Whether the parameters of a kind of a type stand for the type's own, which is sure of Python's own types alone."""
    return kind.__module__.partition(".")[0] in sys.stdlib_module_names and len(given) == len(expected)


def _is_kind(declared: Any, promised: Any) -> bool:  # noqa: ANN401
    declared = get_origin(declared) or declared
    if not (isinstance(declared, type) and isinstance(promised, type)):
        return False
    if (declared, promised) in _NOT_ON_THE_WIRE:
        return False
    if is_typeddict(promised):
        return is_typeddict(declared) and _has_all_of(declared, promised)
    try:
        return issubclass(declared, promised) or (promised is float and issubclass(declared, int))
    except TypeError:
        # A protocol that is there for type checkers alone.
        return promised in getattr(declared, "__orig_bases__", ())


def _has_all_of(declared: Any, promised: Any) -> bool:  # noqa: ANN401
    """Whether a TypedDict has what another one has. What it extends it does not know."""
    given, expected = get_type_hints(declared), get_type_hints(promised)
    return promised.__required_keys__ <= declared.__required_keys__ and all(
        name in given and answers_with(given[name], kind) for name, kind in expected.items()
    )


def _is_union(declared: Any) -> bool:  # noqa: ANN401
    return get_origin(declared) in (Union, UnionType)


def _bare(declared: Any) -> Any:  # noqa: ANN401
    declared = bare_type(declared)
    return NoneType if declared is None else declared


def shown(declared: Any) -> str:  # noqa: ANN401
    """A type as people write it."""
    if declared in (None, NoneType):
        return "None"
    return declared.__name__ if isinstance(declared, type) and not get_args(declared) else str(declared)
