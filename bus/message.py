"""Commands and events: typed messages, declared in a contract with their topic and their key."""

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, ClassVar, Generic, TypeVar, cast, dataclass_transform

import msgspec
from msgspec import Struct, StructMeta

from bus.errors import AbsentType, ContractError
from bus.field_types import field_types
from bus.key_type import key_type_problem
from bus.refusal import FieldError
from bus.topic import Channel, Topic
from bus.type_arguments import type_argument

Reply = TypeVar("Reply")

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OPTIONS = ("topic", "key", "version", "batch", "scope", "noun")


def snake_case(name: str) -> str:
    """``PositionsRecorded`` as ``positions_recorded``."""
    return _WORD.sub("_", name).lower()


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class MessageMeta(StructMeta):
    """Makes message classes: frozen, keywords only, with what their contract says about them."""

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        **options: Any,  # noqa: ANN401
    ) -> "MessageMeta":
        """Make the class, and check what its contract says."""
        contract = {option: options.pop(option) for option in _OPTIONS if option in options}
        options.setdefault("frozen", True)
        options.setdefault("kw_only", True)
        cls = super().__new__(mcls, name, bases, namespace, **options)
        for option, value in contract.items():
            setattr(cls, "key_field" if option == "key" else option, value)
        if "topic" in contract:
            if any(hasattr(base, "wire") for base in bases):
                raise ContractError(
                    f"{name} derives from a message that has a type of its own. Derive it from Command or Event."
                )
            cast("type[Message]", cls).check_contract()
            topic, version = contract["topic"], contract.get("version", 1)
            cast("Any", cls).wire = f"nexus.{topic.service}.{snake_case(name)}.v{version}"
        return cls


# Once more, for mypy looks at classes before metaclasses, and there finds what `Struct` says: that order counts.
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Message(Struct, frozen=True, kw_only=True, metaclass=MessageMeta):
    """What travels on the bus. Declare a `Command` or an `Event`, not this."""

    channel: ClassVar[Channel]
    topic: ClassVar[Topic]
    key_field: ClassVar[str]
    wire: ClassVar[str]
    version: ClassVar[int] = 1
    batch: ClassVar[str | None] = None
    scope: ClassVar[str | None] = None
    noun: ClassVar[str | None] = None

    def __init_subclass__(
        cls,
        *,
        topic: Topic | None = None,
        key: str | None = None,
        version: int = 1,
        batch: str | None = None,
        scope: str | None = None,
        noun: str | None = None,
    ) -> None:
        """The metaclass reads these; they stand here so that type checkers know them."""
        super().__init_subclass__()

    @classmethod
    def check_contract(cls) -> None:
        """Raise `ContractError` unless topic, key, version and batch field fit the class."""
        fields = cls.__struct_fields__
        key = getattr(cls, "key_field", None)
        if key not in fields:
            raise ContractError(f"{cls.__name__} has key={key!r}, which is none of its fields {fields}. Name one of them.")
        with suppress(AbsentType):  # what stands further down is checked when the service is made
            cls.check_key()
        if cls.batch is not None and cls.batch not in fields:
            raise ContractError(f"{cls.__name__} has batch={cls.batch!r}, which is none of its fields {fields}.")
        if cls.version < 1:
            raise ContractError(f"{cls.__name__} has version={cls.version}. Versions count from 1.")

    @classmethod
    def check_key(cls) -> None:
        """Raise `ContractError` unless the type of the key has one text for each value."""
        if problem := key_type_problem(field_types(cls)[cls.key_field]):
            raise ContractError(f"{cls.__name__} has key={cls.key_field!r}, and that field {problem}")

    @classmethod
    def wire_type(cls) -> str:
        """The name on the wire, derived from service, class and version."""
        return cls.wire

    @classmethod
    def upcast(cls, version: int, data: dict[str, Any]) -> dict[str, Any]:
        """Turn data of ``version`` into data of the next one. Override it together with raising ``version``.

        Raises:
            ContractError: the class does not say how.
        """
        raise ContractError(f"{cls.__name__} v{cls.version} cannot read v{version}: give it an upcast().")

    def key_of(self, field: str | None = None) -> str:
        """The key that orders this message, or the value of another field taken as the key."""
        return str(getattr(self, field or self.key_field))

    def item_count(self) -> int:
        """How many items it carries: the length of its batch field, else 1."""
        return 1 if self.batch is None else len(getattr(self, self.batch))


class Event(Message):
    """A fact that has happened. Any number of services may handle it."""

    channel: ClassVar[Channel] = "events"


class Command(Message, Generic[Reply]):
    """A request to the one service that owns its topic, which answers with ``Reply``."""

    channel: ClassVar[Channel] = "commands"

    @classmethod
    def reply_type(cls) -> Any:  # noqa: ANN401
        """The declared type of the answer.

        Raises:
            ContractError: the class does not declare it.
        """
        return type_argument(cls, Command, "its answer")

    def faults(self) -> Iterable[FieldError]:
        """What is wrong between its fields. Override it: it is said together with what the rules of single fields refuse.

        Fields are in their normal form, but for those that a rule refused: these are as they came.
        """
        return ()
