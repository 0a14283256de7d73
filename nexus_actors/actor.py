"""Actors and their handlers."""

import inspect
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast, get_args, get_origin, get_type_hints, overload

from msgspec import Struct

from bus import Command, ContractError, Event, Message

State = TypeVar("State")
_Function = TypeVar("_Function", bound=Callable[..., Any])


class Actor(Generic[State]):
    """The behaviour of one kind of thing; one instance per key.

    Attributes:
        state: what it remembers between turns; saved with each turn.
        key: which one of its kind it is.
    """

    def __init__(self, key: str, state: State) -> None:
        self.key = key
        self.state = state

    @classmethod
    def state_type(cls) -> type[Struct] | None:
        """The declared type of the state; None for ``Actor[None]``.

        Raises:
            ContractError: the class does not declare it, or a field of the state lacks a default.
        """
        for base in getattr(cls, "__orig_bases__", ()):
            if get_origin(base) is Actor:
                declared = get_args(base)[0]
                if declared in (None, type(None)):
                    return None
                return _checked_state(cls, declared)
        raise ContractError(f"{cls.__name__} does not say what its state is. Derive it from Actor[StateType] or Actor[None].")


def _checked_state(actor: type, declared: Any) -> type[Struct]:  # noqa: ANN401 - whatever was declared
    if not (isinstance(declared, type) and issubclass(declared, Struct)):
        raise ContractError(f"The state of {actor.__name__} is no msgspec Struct.")
    try:
        declared()
    except TypeError as error:
        raise ContractError(f"Every field of {declared.__name__} needs a default: a new actor starts with them.") from error
    return declared


class Handler(Struct, frozen=True):
    """One handler of an actor, as its signature declares it.

    Attributes:
        key_field: the field of the message that names the actor, where it is not the message's own key.
        many: it takes a list of messages of one key.
        is_async: it is a coroutine function.
    """

    actor: type[Actor[Any]]
    name: str
    message_type: type[Message]
    key_field: str | None
    many: bool
    is_async: bool

    def key_of(self, message: Message) -> str | None:
        """The key of the actor that handles ``message``; None when the message names none."""
        value = getattr(message, self.key_field or message.key_field)
        return None if value is None else str(value)


@overload
def handles(function: _Function, /) -> _Function: ...
@overload
def handles(*, key: str) -> Callable[[_Function], _Function]: ...
def handles(function: _Function | None = None, /, *, key: str | None = None) -> Any:
    """Make a method the handler of the message type that its first parameter declares.

    Args:
        key: the field of the message that names this actor, where it is not the message's own key.
    """

    def mark(marked: _Function) -> _Function:
        cast("Any", marked).handles_key = key
        return marked

    return mark if function is None else _marked(function)


def _marked(function: _Function) -> _Function:
    cast("Any", function).handles_key = None
    return function


def handlers_of(actor: type[Actor[Any]]) -> list[Handler]:
    """The handlers that an actor class declares.

    Raises:
        ContractError: a handler's signature cannot be understood.
    """
    return [_handler(actor, name, member) for name, member in inspect.getmembers(actor) if hasattr(member, "handles_key")]


def _handler(actor: type[Actor[Any]], name: str, function: Callable[..., Any]) -> Handler:
    where = f"{actor.__name__}.{name}"
    parameters = list(inspect.signature(function).parameters)[1:]
    hints = get_type_hints(function)
    if len(parameters) != 2 or parameters[0] not in hints:  # noqa: PLR2004 - message and ctx
        raise ContractError(f"{where} must take (self, message: <its message type>, ctx: Context).")
    declared = hints[parameters[0]]
    many = get_origin(declared) is list
    message_type = get_args(declared)[0] if many else declared
    if not (isinstance(message_type, type) and issubclass(message_type, Command | Event)):
        raise ContractError(f"{where} declares its message as {declared!r}, which is no Command, Event or list of one.")
    key: str | None = function.handles_key  # type: ignore[attr-defined]
    if key is not None and key not in message_type.__struct_fields__:
        raise ContractError(f"{where} has key={key!r}, which is no field of {message_type.__name__}.")
    if key == message_type.key_field:
        key = None
    return Handler(actor, name, message_type, key, many, inspect.iscoroutinefunction(function))
