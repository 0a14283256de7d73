"""Methods that are handlers by what they take, and are not marked as such."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace, UnionType
from typing import Any, Final, ForwardRef, Union, get_args, get_origin, get_type_hints

from typing_extensions import Format, get_annotations

from bus import Command, Event
from bus.bare_type import bare_type
from bus.type_arguments import Arguments, filled, scope
from nexus_actors.context import Context

_ABSENT_CONTEXT: Final = re.compile(r"\bContext\b")
_GATHERED: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def looks_like_handler(member: object, given: Arguments) -> bool:
    """Whether a method takes a message and a context, and nothing beside them that must be given.

    One that takes more, or only one of the two, is a helper. A union or a collection of messages counts as a message, and so
    does a parameter without a type beside a context.

    Args:
        member: as it stands in the class: a function, a class method or a static method.
        given: what the actor gives the type variables of the class that it is written in.
    """
    function = member.__func__ if isinstance(member, staticmethod | classmethod) else member
    if not inspect.isfunction(function):
        return False
    parameters = list(inspect.signature(function).parameters.values())[0 if isinstance(member, staticmethod) else 1 :]
    hints = _hints(function, given)
    others = [p for p in parameters if p.kind not in _GATHERED and not _is_context(hints.get(p.name))]
    if not any(_is_context(hints.get(p.name)) for p in parameters):
        return False
    messages = [p for p in others if p.name in hints and _is_message(filled(hints[p.name], given))]
    required = [p for p in others if p.default is p.empty]
    if messages:
        return all(p in messages for p in required)
    return len(others) == 1 and others[0].name not in hints


def _hints(function: Callable[..., Any], given: Arguments) -> dict[str, Any]:
    """The types of its parameters; the text of those that are not there when it runs."""
    found = {}
    for name, annotation in get_annotations(function, format=Format.FORWARDREF).items():
        try:
            namespace = SimpleNamespace(__annotations__={name: annotation})
            found[name] = get_type_hints(namespace, getattr(function, "__globals__", {}), scope(given))[name]
        except (NameError, TypeError):
            found[name] = annotation.__forward_arg__ if isinstance(annotation, ForwardRef) else annotation
    return found


def _is_context(declared: Any) -> bool:  # noqa: ANN401 - whatever was declared
    if isinstance(declared, str):
        return _ABSENT_CONTEXT.search(declared) is not None
    return any(isinstance(kind, type) and issubclass(kind, Context) for kind in _members(declared))


def _is_message(declared: Any) -> bool:  # noqa: ANN401
    for kind in _members(declared):
        origin = get_origin(kind)
        if origin is None and isinstance(kind, type) and issubclass(kind, Command | Event) and hasattr(kind, "wire"):
            return True
        many = isinstance(origin, type) and issubclass(origin, Iterable) and not issubclass(origin, Mapping)
        if many and any(map(_is_message, get_args(kind))):
            return True
    return False


def _members(declared: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """What a union is of; a type that is none, alone."""
    kind = bare_type(declared)
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
