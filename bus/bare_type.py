"""A type without what only names or describes it."""

from typing import Annotated, Any, NewType, get_args, get_origin


def bare_type(declared: Any) -> Any:  # noqa: ANN401 - whatever was declared
    """A type without its annotations (``Annotated``), its new names (``NewType``) and its aliases (``type Name = ...``).

    Raises:
        NameError: an alias stands for what is not there yet.
    """
    while True:
        origin = get_origin(declared)
        if origin is Annotated:
            declared = get_args(declared)[0]
        elif isinstance(declared, NewType):
            declared = declared.__supertype__
        elif hasattr(origin, "__value__"):
            declared = _filled(origin, get_args(declared))
        elif hasattr(declared, "__value__"):
            declared = declared.__value__
        else:
            return declared


def _filled(alias: Any, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401
    """What an alias with parameters stands for: ``type Pairs[A, B] = dict[B, A]``."""
    given = dict(zip(alias.__type_params__, arguments, strict=True))
    wanted = getattr(alias.__value__, "__parameters__", ())
    return alias.__value__[tuple(given[parameter] for parameter in wanted)] if wanted else alias.__value__
