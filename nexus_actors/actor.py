"""Actors and their handlers."""

import inspect
from collections.abc import Callable
from types import NoneType
from typing import Any, ClassVar, Final, Generic, TypeVar, cast, overload

from msgspec import Struct

from bus import ContractError, Message
from bus.type_arguments import Arguments, type_argument, type_arguments
from nexus_actors.declarations.forgotten import looks_like_handler
from nexus_actors.declarations.signature import check_key_field, read_signature
from nexus_actors.declarations.state_type import checked_state
from nexus_actors.retry import RetryPolicy

_INNER: Final = ("fget", "func", "__func__")
"""Where properties and other decorators keep the function that they are put upon."""

State = TypeVar("State")
_Function = TypeVar("_Function", bound=Callable[..., Any])


class Actor(Generic[State]):
    """The behaviour of one kind of thing; one instance per tenant and key.

    Attributes:
        state: what it remembers between turns; saved with each turn.
        key: which one of its kind, and of its tenant, it is.
        platform: it is of the platform itself, one for all tenants. Say so: ``class KeyRing(Actor[RingState], platform=True)``.
    """

    key: str
    state: State
    platform: ClassVar[bool] = False

    def __init_subclass__(cls, *, platform: bool = False) -> None:
        """Take note of who is of the platform itself; so is what derives from it."""
        super().__init_subclass__()
        cls.platform = platform or cls.platform

    def __init__(self, key: str, state: State) -> None:
        self.key = key
        self.state = state

    @classmethod
    def state_type(cls) -> type[Struct] | None:
        """The declared type of the state; None for ``Actor[None]``.

        Raises:
            ContractError: the class does not declare it, or it is none that a new actor can start with.
        """
        this: Any = cls  # typeshed takes no class for hashable
        declared = type_argument(this, Actor, "its state")
        return None if declared is NoneType else checked_state(this, declared)


class Handler(Struct, frozen=True):
    """One handler of an actor, as its signature declares it.

    Attributes:
        key_field: the field of the message that names the actor, where it is not the message's own key.
        many: it takes a list of messages of one key.
        is_async: it is a coroutine function.
        retry: its own policy for what it fails at; None for the service's.
        check: puts a command into its normal form, or refuses it; None where its types have no rules. Events are facts: they
            are taken as they are.
    """

    actor: type[Actor[Any]]
    name: str
    message_type: type[Message]
    key_field: str | None
    many: bool
    is_async: bool
    retry: RetryPolicy | None = None
    check: Callable[[Any], Any] | None = None

    def key_of(self, message: Message) -> str | None:
        """The key of the actor that handles ``message``; None when the message names none."""
        value = getattr(message, self.key_field or message.key_field)
        return None if value is None else str(value)


@overload
def handles(function: _Function, /) -> _Function: ...
@overload
def handles(*, key: str | None = None, retry: RetryPolicy | None = None) -> Callable[[_Function], _Function]: ...
def handles(function: _Function | None = None, /, *, key: str | None = None, retry: RetryPolicy | None = None) -> Any:
    """Make a method the handler of the message type that its first parameter declares.

    Args:
        key: the field of the message that names this actor, where it is not the message's own key.
        retry: what becomes of a message that this handler fails at; as the service does with all others when left out.
    """
    if retry is not None and not isinstance(retry, RetryPolicy):
        raise ContractError(f"@handles(retry={retry!r}) is no policy. Write it as retry=RetryPolicy(...).")

    def mark(marked: _Function) -> _Function:
        if isinstance(marked, property):
            raise ContractError("@handles is for plain methods, and stands over a property. Leave @property out.")
        cast("Any", marked).handles_as = _Mark(key, retry)
        return marked

    return mark if function is None else mark(function)


class _Mark(Struct, frozen=True):
    """What the decorator was given."""

    key: str | None
    retry: RetryPolicy | None


def handlers_of(actor: type[Actor[Any]]) -> list[Handler]:
    """The handlers that an actor class declares.

    Raises:
        ContractError: a handler's signature cannot be understood, or a method is one and not marked as such.
    """
    found = []
    for name in dir(actor):
        member = inspect.getattr_static(actor, name)
        where = f"{actor.__name__}.{name}"
        if mark := _mark_of(member):
            _check_plain(where, name, member)
            found.append(_handler(actor, name, mark))
        elif not name.startswith("_") and looks_like_handler(member, _given(actor, name)):
            raise ContractError(
                f"{where} takes what only a handler is given, and is none. Mark it with @handles, or, where "
                f"it is a helper, call it _{name}."
            )
    _check_once(actor, found)
    return found


def _mark_of(member: object) -> _Mark | None:
    """What the decorator has left on what stands in a class, or on the function under another decorator."""
    marks = (getattr(part, "handles_as", None) for part in (member, *(getattr(member, name, None) for name in _INNER)))
    return next((mark for mark in marks if isinstance(mark, _Mark)), None)


def _check_plain(where: str, name: str, member: object) -> None:
    if hasattr(Actor, name) or name in Actor.__annotations__:
        raise ContractError(f"{where} hides what every actor has under this name. Give the handler another one.")
    if not inspect.isfunction(member):
        raise ContractError(
            f"{where} must be a plain method, and is a {type(member).__name__}: it is called on the actor whose key the "
            "message has. Leave the other decorator out."
        )


def _given(actor: type[Actor[Any]], name: str) -> Arguments:
    """What an actor gives the type variables of the class that one of its methods is written in."""
    return type_arguments(actor, next(kind for kind in actor.__mro__ if name in vars(kind)))


def _handler(actor: type[Actor[Any]], name: str, mark: _Mark) -> Handler:
    where = f"{actor.__name__}.{name}"
    signature = read_signature(where, getattr(actor, name), _given(actor, name))
    if mark.key is not None:
        check_key_field(where, signature.message_type, mark.key)
    key = None if mark.key == signature.message_type.key_field else mark.key
    return Handler(actor, name, signature.message_type, key, signature.many, signature.is_async, mark.retry)


def _check_once(actor: type[Actor[Any]], handlers: list[Handler]) -> None:
    seen: dict[tuple[type[Message], str | None], str] = {}
    for handler in handlers:
        first = seen.setdefault((handler.message_type, handler.key_field), handler.name)
        if first != handler.name:
            raise ContractError(
                f"{actor.__name__} handles {handler.message_type.__name__} twice under the same key, in {first} and "
                f"{handler.name}. Make them one: both would run in the same turn."
            )
