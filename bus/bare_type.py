"""A type without what only names or describes it."""

from typing import Annotated, Any, NewType, get_args, get_origin

from bus.type_arguments import filled


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
            declared = filled(origin.__value__, dict(zip(origin.__type_params__, get_args(declared), strict=True)))
        elif hasattr(declared, "__value__"):
            declared = declared.__value__
        else:
            return declared
