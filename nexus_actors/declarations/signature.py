"""The signature of a handler: which message it takes, and whether it answers with what that message promises."""

import inspect
from collections.abc import Callable
from types import GenericAlias
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from msgspec import Struct

from bus import Command, ContractError, Event, Message
from bus.bare_type import bare_type
from bus.errors import AbsentType
from bus.field_types import field_types
from bus.key_type import key_type_problem
from bus.type_arguments import Arguments, filled, scope
from nexus_actors.context import Context
from nexus_actors.declarations.answer_type import answers_with, shown

_POSITIONAL: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_SHAPE: Final = "(self, message: <its message type>, ctx: Context)"


class Signature(Struct, frozen=True):
    """What a handler's signature says.

    Attributes:
        many: it takes a list of messages.
        is_async: it is a coroutine function.
    """

    message_type: type[Message]
    many: bool
    is_async: bool


def read_signature(where: str, function: Callable[..., Any], given: Arguments) -> Signature:
    """The signature of a handler.

    Args:
        where: the handler, in words: ``Actor.method``.
        given: what its actor gives the type variables of the class that it is written in.

    Raises:
        ContractError: it is none that a handler can have, or it answers with something else than its message promises.
    """
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise ContractError(f"{where} has a yield in it, so calling it runs nothing of it. Handlers return; they do not yield.")
    hints = {name: filled(hint, given) for name, hint in _hints(where, function, given).items()}
    message_type, many = _message(where, function, hints)
    signature = Signature(message_type, many, inspect.iscoroutinefunction(function))
    if issubclass(message_type, Command):
        _check_answer(where, signature, hints.get("return", inspect.Signature.empty))
    elif not answers_with(hints.get("return"), None):
        raise ContractError(
            f"{where} answers with {shown(hints['return'])}, and an event has no answer. Declare it as -> None."
        )
    return signature


def _hints(where: str, function: Callable[..., Any], given: Arguments) -> dict[str, Any]:
    try:
        return get_type_hints(function, localns=scope(given))
    except NameError as error:
        raise AbsentType(where, error) from error
    except TypeError as error:
        raise ContractError(f"{where} has an annotation that is no type: {error}.") from error


def _message(where: str, function: Callable[..., Any], hints: dict[str, Any]) -> tuple[type[Message], bool]:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    names = [parameter.name for parameter in parameters]
    if len(names) != 2 or names[0] not in hints or any(p.kind not in _POSITIONAL for p in parameters):  # noqa: PLR2004
        raise ContractError(f"{where} must take {_SHAPE}, and takes {inspect.signature(function)}.")
    if not _is_context(hints.get(names[1], Context)):
        raise ContractError(f"{where} must take {_SHAPE}: the second is the context, and not {shown(hints[names[1]])}.")
    found = _message_of(hints[names[0]])
    if found is None:
        raise ContractError(
            f"{where} declares its message as {shown(hints[names[0]])}, which is no Command, Event or list of one with a topic."
            f"{_open_hint(hints[names[0]])}"
        )
    return found


def _open_hint(declared: Any) -> str:  # noqa: ANN401
    if isinstance(declared, TypeVar):
        return " The actor leaves it open: derive it from its generic base with that message in brackets."
    if isinstance(get_origin(declared), type) and issubclass(get_origin(declared), Message):
        return " Derive a class from that, with a topic and a key, and take it."
    return ""


def _message_of(declared: Any) -> tuple[type[Message], bool] | None:  # noqa: ANN401 - whatever was declared
    """The message type of a parameter, and whether it takes many; None where it takes none."""
    declared = bare_type(declared)
    many = get_origin(declared) is list
    kind = bare_type(get_args(declared)[0]) if many else declared
    if isinstance(kind, type) and issubclass(kind, Command | Event) and hasattr(kind, "wire"):
        return kind, many
    return None


def _is_context(declared: Any) -> bool:  # noqa: ANN401
    return declared is Any or (isinstance(declared, type) and issubclass(declared, Context))


def _check_answer(where: str, signature: Signature, declared: Any) -> None:  # noqa: ANN401
    command: Any = signature.message_type
    promised = command.reply_type()
    wanted = f"list[{shown(promised)}]" if signature.many else shown(promised)
    if declared is inspect.Signature.empty:
        raise ContractError(
            f"{where} does not say what it answers with. {command.__name__} promises {wanted}: declare it as -> {wanted}."
        )
    if not answers_with(declared, GenericAlias(list, (promised,)) if signature.many else promised):
        raise ContractError(
            f"{where} answers with {shown(declared)}, and {command.__name__} promises {wanted}. Make the two the same."
        )


def check_key_field(where: str, message_type: type[Message], key: str) -> None:
    """Check the field that names a handler's actor.

    Raises:
        ContractError: the message has none of that name, or its values are no keys.
    """
    if key not in message_type.__struct_fields__:
        raise ContractError(f"{where} has key={key!r}, which is no field of {message_type.__name__}.")
    if problem := key_type_problem(field_types(message_type)[key], may_be_none=True):
        raise ContractError(f"{where} has key={key!r}, and that field of {message_type.__name__} {problem}")
