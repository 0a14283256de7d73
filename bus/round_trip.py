"""Values that are written to be read again: messages, answers, states."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct, inspect

from bus.errors import TooLarge, Unwritable
from bus.text import error_text

LONGEST_MESSAGE: Final = 1_048_576
"""Of a message and of an answer, in bytes of JSON. Readers take hundreds of them at once, so it is the same everywhere."""
LONGEST_STATE: Final = 16_777_216
"""Of an actor's state, in bytes of JSON. It is written anew with each turn that changes it."""

_encode: Final[Callable[[object], bytes]] = msgspec.json.Encoder().encode
_ANYTHING: Final = (inspect.AnyType, inspect.CustomType, inspect.RawType)


class RoundTrip:
    """Writes values of one type as JSON, and reads them.

    What is written is read back as its readers will read it: that finds wrong types, what a ``Meta`` forbids, instants without
    a time zone, and what has no place in JSON. It costs about as much as the writing, a fraction of what a message costs.

    Args:
        value_type: what readers take it for.
        name: what a value is, for the words of an error.
        longest: so many bytes it may have.
    """

    def __init__(self, value_type: Any, name: str, *, longest: int) -> None:  # noqa: ANN401 - whatever msgspec takes for a type
        self._name = name
        self._longest = longest
        self._decode = msgspec.json.Decoder(value_type).decode
        self._may_lose = takes_null_for_number(value_type)

    def read(self, body: bytes) -> Any:  # noqa: ANN401 - of the type
        """The value of a body.

        Raises:
            Exception: it is none of the type; what a class of a service raises at being made is not known.
        """
        return self._decode(body)

    def write(self, value: object) -> bytes:
        """A value as JSON that reads as the type again.

        Raises:
            Unwritable: its type forbids it, or JSON has no way to write it.
            TooLarge: it is too long.
        """
        return self.exchange(value)[0]

    def exchange(self, value: object) -> tuple[bytes, Any]:
        """A value as JSON, and as those will have it who read that: an instant keeps no more of its zone than the offset.

        Raises:
            Unwritable, TooLarge: see `write`.
        """
        try:
            body = _encode(value)
            if len(body) <= self._longest:
                read = self._decode(body)
                # msgspec writes NaN and the infinities as null. Most types do not take that for a number; these do, as nothing.
                if self._may_lose and b"null" in body and read != value:
                    _check_numbers(value, "$")
                return body, read
        except Exception as error:
            # It runs code of the value's own types, which may raise anything.
            raise Unwritable(f"{self._name} cannot be written: {_reason(error)}. Correct it where it is made.") from error
        raise TooLarge(
            f"{self._name} has {len(body):,} bytes, more than {self._longest:,}. Send it in parts, or keep what is large "
            "elsewhere and name it."
        )


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply, or holds itself"
    return error_text(error).rstrip(".")


def takes_null_for_number(value_type: Any) -> bool:  # noqa: ANN401 - whatever msgspec takes for a type
    """Whether null is a value of the type where a number with a fraction is one too."""
    return any(isinstance(node, _ANYTHING) or _is_optional_float(node) for node in _nodes(inspect.type_info(value_type)))


def _is_optional_float(node: inspect.Type) -> bool:
    kinds = {type(part) for part in node.types} if isinstance(node, inspect.UnionType) else set()
    return kinds >= {inspect.FloatType, inspect.NoneType}


def _nodes(root: inspect.Type) -> Iterator[inspect.Type]:
    """All types in a type, itself first."""
    waiting: list[object] = [root]
    seen: dict[int, object] = {}
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            waiting += node
        elif isinstance(node, inspect.Type | inspect.Field) and id(node) not in seen:
            seen[id(node)] = node
            if isinstance(node, inspect.Type):
                yield node
            waiting += [getattr(node, name) for name in node.__struct_fields__]


def _check_numbers(value: object, path: str) -> None:
    """Refuse numbers that JSON does not have, anywhere in a value that could be written.

    Raises:
        ValueError: there is one.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"JSON has no number {value} - at `{path}`")
        return
    for name, part in _parts(value):
        _check_numbers(part, path + name)


def _parts(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        yield from ((f".{name}", part) for name, part in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"[{number}]", part) for number, part in enumerate(value))
    else:
        yield from ((f".{name}", getattr(value, name)) for name in _field_names(value))


def _field_names(value: object) -> tuple[str, ...]:
    """Of a struct, a dataclass, or an object of a class of attrs; of anything else there are none."""
    if isinstance(value, Struct):
        return value.__struct_fields__
    names = getattr(type(value), "__dataclass_fields__", ())
    return (*names, *(field.name for field in getattr(type(value), "__attrs_attrs__", ())))
