"""JSON bodies, read strictly (RFC 8259, and I-JSON, RFC 7493, where it says less)."""

import json
from array import array
from itertools import accumulate
from typing import Any, Final, Generic, NoReturn, TypeVar

import msgspec

from bus import FieldError
from nexus_actors.failures.field_error import field_error, shortened
from nexus_actors.http.problem import invalid, malformed

MAX_DEPTH: Final = 64
"""How deep arrays and objects may be nested."""

MAX_PARTS: Final = 50_000
"""How many values and names a body may have: reading them holds up everybody else."""

_MOST_QUOTES: Final = 2 * (MAX_PARTS + 2)

T = TypeVar("T")

_NOT_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_BEFORE_PARTS: Final = b"[{,:"
_ESCAPED_NUL: Final = b"\\u0000"


class JsonDecoder(Generic[T]):
    """Decodes JSON bodies into one type.

    Beyond what msgspec refuses (numbers as text, booleans as numbers, NaN, unknown fields where the type forbids them), it
    refuses an object that has a key twice, a NUL character in text (PostgreSQL cannot store it), deep nesting, and more values
    than are read in a moment.
    """

    def __init__(self, kind: type[T]) -> None:
        self._typed = msgspec.json.Decoder(kind)

    def decode(self, body: bytes) -> T:
        """The value of a body.

        Raises:
            HttpProblem: 400 ``malformed`` where it is no JSON or too deep, 422 ``invalid`` with the field at fault.
        """
        structure = _structure(body)
        if _is_too_deep(structure):
            raise malformed(f"The body is nested deeper than {MAX_DEPTH} levels.")
        if len(structure) - len(structure.translate(None, _BEFORE_PARTS)) > MAX_PARTS:
            reason = f"There are more than {MAX_PARTS} values and names in it. Send them in several requests."
            raise invalid(FieldError("$", reason))
        try:
            value = self._typed.decode(body)
            plain = msgspec.json.decode(body)
        except msgspec.ValidationError as error:
            raise invalid(field_error(str(error))) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise malformed(f"The body is not valid JSON: {shortened(str(error))}.") from error
        if structure.count(b":") != _count_keys(plain):
            raise invalid(_find_duplicate(body))
        if _ESCAPED_NUL in body:
            _refuse_nul(plain, "$")
        return value


def _structure(body: bytes) -> bytes:
    """What a body has outside its strings, up to where it has more of them than parts are allowed.

    For a body that is no JSON the answer means nothing.
    """
    if b"\\" in body:
        # Of a run of backslashes the pairs are escaped ones, counted from its begin.
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(body.split(b'"', _MOST_QUOTES)[:_MOST_QUOTES:2])


def _is_too_deep(structure: bytes) -> bool:
    """Whether brackets are nested too deep: those that are looked at, which are all of as many parts as there may be."""
    steps = array("b", structure.translate(_STEPS, _NOT_BRACKETS)[: 2 * MAX_PARTS])
    return max(accumulate(steps), default=0) > MAX_DEPTH


def _count_keys(value: Any) -> int:  # noqa: ANN401 - any JSON
    count, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        if type(item) is dict:
            count += len(item)
            waiting.extend(item.values())
        elif type(item) is list:
            waiting.extend(item)
    return count


def _find_duplicate(body: bytes) -> FieldError:
    """The key that an object has twice. Slow, and so only asked once it is known that there is one."""

    def check(pairs: list[tuple[str, object]]) -> None:
        seen: set[str] = set()
        if len(dict(pairs)) == len(pairs):
            return
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateKey(key)
            seen.add(key)

    try:
        json.loads(body, object_pairs_hook=check)
    except _DuplicateKey as found:
        return FieldError(shortened(f"$..{found.key}"), "An object has this field twice.")
    return FieldError("$", "An object has a field twice.")


class _DuplicateKey(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _refuse_nul(value: Any, path: str) -> None:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        for key, item in value.items():
            _refuse_nul(key, path)
            _refuse_nul(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_nul(item, f"{path}[{index}]")
    elif isinstance(value, str) and "\0" in value:
        _raise_nul(path)


def _raise_nul(field: str) -> NoReturn:
    raise invalid(FieldError(shortened(field.replace("\0", "")), "Text must not contain the character U+0000."))
