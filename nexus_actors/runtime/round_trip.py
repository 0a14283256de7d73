"""Values that are written to be read again: states and answers."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct, inspect

from nexus_actors.errors import NexusError

_encoder = msgspec.json.Encoder()


class Unwritable(NexusError):
    """A value cannot be written as JSON, or could not be read again as its own type. Nothing of its turn takes effect."""


class RoundTrip:
    """Writes values of one type as JSON, and reads them.

    Args:
        name: what a value is, for the words of an error.
    """

    def __init__(self, value_type: Any, name: str) -> None:  # noqa: ANN401 - whatever msgspec takes for a type
        self._decoder = msgspec.json.Decoder(value_type)
        self._may_lose = _may_lose_numbers(value_type)
        self._name = name

    def read(self, body: bytes) -> Any:  # noqa: ANN401 - of the type
        """The value of a body.

        Raises:
            Exception: it is none of the type; what a class of the service raises at being made is not known.
        """
        return self._decoder.decode(body)

    def write(self, value: object, last: bytes | None = None) -> bytes:
        """A value as JSON that reads as the type again.

        Args:
            last: what this has given before, of a value that may be the same.

        Raises:
            Unwritable: there is none.
        """
        try:
            body = _encoder.encode(value)
            # msgspec writes NaN and the infinities as null. Most types do not take that for a number; these do, as nothing.
            doubtful = self._may_lose and b"null" in body
            if (doubtful or body != last) and self._decoder.decode(body) != value and doubtful:
                json.dumps(msgspec.to_builtins(value, str_keys=True), allow_nan=False)
        except Exception as error:
            raise Unwritable(f"{self._name} cannot be written so that it reads the same again: {error}") from error
        return body


def _may_lose_numbers(value_type: Any) -> bool:  # noqa: ANN401 - whatever msgspec takes for a type
    """Whether null is a value of the type where a number with a fraction is one too."""
    seen: list[inspect.Type] = []
    waiting = [inspect.type_info(value_type)]
    while waiting:
        info = waiting.pop()
        if any(info is known for known in seen):
            continue
        seen.append(info)
        if isinstance(info, inspect.AnyType | inspect.CustomType | inspect.RawType) or _is_optional_float(info):
            return True
        waiting += _parts(info)
    return False


def _is_optional_float(info: inspect.Type) -> bool:
    kinds = {type(part) for part in info.types} if isinstance(info, inspect.UnionType) else set()
    return kinds >= {inspect.FloatType, inspect.NoneType}


def _parts(info: Struct) -> Iterator[inspect.Type]:
    """The types that a type is made of."""
    for name in info.__struct_fields__:
        value = getattr(info, name)
        for part in value if isinstance(value, tuple) else (value,):
            found = part.type if isinstance(part, inspect.Field) else part
            if isinstance(found, inspect.Type):
                yield found
