"""What stands in for the parameters of generic types."""

import sys
from collections.abc import Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from typing_extensions import get_original_bases

from bus.errors import AbsentType, ContractError

Arguments = Mapping[Any, Any]
"""Types by the type variables that they stand in for."""


def filled(kind: Any, given: Arguments) -> Any:  # noqa: ANN401 - whatever was declared
    """A type with what is given for its type variables; what is not given stays open."""
    if isinstance(kind, TypeVar):
        return given.get(kind, kind)
    wanted = _open_in(kind)
    return kind[tuple(given.get(parameter, parameter) for parameter in wanted)] if wanted else kind


def _open_in(kind: Any) -> tuple[Any, ...]:  # noqa: ANN401
    if isinstance(kind, TypeVar):
        return (kind,)
    # A generic class without brackets names its parameters too, and means nothing by them.
    return getattr(kind, "__parameters__", ()) if get_args(kind) else ()


def scope(given: Arguments) -> dict[str, Any]:
    """The type variables that a class has for itself (``class Crud[S]``), by the names that its annotations have for them.

    Python looks such names up only where annotations are no text.
    """
    return {parameter.__name__: parameter for parameter in given if getattr(parameter, "__infer_variance__", False)}


def type_arguments(cls: type, base: type) -> Arguments:
    """What a class gives the parameters of a base, directly or through the bases between them.

    A parameter that it leaves open stands for itself.

    Raises:
        AbsentType: a class gives one by a name in quotes, which its module does not have.
    """
    if cls is base:
        return {parameter: parameter for parameter in getattr(base, "__parameters__", ())}
    for parent in get_original_bases(cls):
        kind = get_origin(parent) or parent
        if isinstance(kind, type) and issubclass(kind, base):
            arguments = [_resolved(cls, argument) for argument in get_args(parent)]
            given = dict(zip(getattr(kind, "__parameters__", ()), arguments, strict=False))
            return {parameter: filled(argument, given) for parameter, argument in type_arguments(kind, base).items()}
    return {}


def _resolved(cls: type, argument: Any) -> Any:  # noqa: ANN401
    """A type that a class gives a base of it, which may be, or hold, names in quotes."""
    names = vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}
    try:
        return get_type_hints(SimpleNamespace(__annotations__={"it": argument}), names, include_extras=True)["it"]
    except NameError as error:
        raise AbsentType(f"{cls.__name__}, in the brackets of its base,", error) from error


@cache
def type_argument(cls: type, base: type, meaning: str) -> Any:  # noqa: ANN401
    """What a class gives a base that has one parameter.

    Args:
        meaning: what the parameter is, in words: ``its state``.

    Raises:
        ContractError: it leaves it open, or names what is not there.
    """
    [argument] = type_arguments(cls, base).values()
    if not _open_in(argument):
        return argument
    if getattr(cls, "__parameters__", ()):
        hint = f"Use a class that is derived from {cls.__name__}[...] and says it"
    else:
        parent = next(kind for kind in cls.__bases__ if issubclass(kind, base))
        hint = f"Derive it from {parent.__name__}[...]"
    raise ContractError(f"{cls.__name__} does not say what {meaning} is. {hint}.")
