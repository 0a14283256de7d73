"""Parameters of paths and queries: text that becomes typed values, read as strictly as bodies."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct, inspect

from bus import FieldError
from nexus_actors.failures.field_error import field_error
from nexus_actors.http.problem import HttpProblem, invalid, malformed
from nexus_actors.http.storable import is_storable

Place = Literal["path", "query"]

MAX_PARAMETERS: Final = 200

_TEXTUAL: Final = (inspect.StrType, inspect.UUIDType, inspect.DateTimeType, inspect.DateType)
_SCALAR: Final = (inspect.IntType, inspect.FloatType, inspect.BoolType)
_LISTS: Final = (inspect.ListType, inspect.VarTupleType, inspect.SetType, inspect.FrozenSetType)


class UnfitParameter(Exception):
    """Raised when a parameter is declared with a type that text cannot become without guessing."""


class ParameterDecoder:
    """Turns the parameters of a request into a Struct.

    Text, UUIDs and instants are taken as they stand; numbers and booleans are read as JSON, so that ``NaN``, ``1_000`` and
    ``yes`` are refused. A parameter comes once, unless its field is a list. Instants named ``from`` and ``to`` are the two ends
    of a range of time, which does not run backwards.

    Attributes:
        fields: for each parameter, whether it may come several times, and whether it is a number or boolean.

    Raises:
        UnfitParameter: a field of the Struct has another type than text, number, boolean, UUID, instant, or a list of one.
    """

    def __init__(self, kind: type[Struct], place: Place) -> None:
        self._kind = kind
        self._place = place
        self.fields: dict[str, tuple[bool, bool]] = {}
        info = inspect.type_info(kind)
        if not isinstance(info, inspect.StructType):
            raise UnfitParameter(f"{kind.__name__} is no Struct")
        for field in info.fields:
            self.fields[field.encode_name] = _shape(field.encode_name, field.type)

    def decode(self, pairs: Sequence[tuple[str, str]]) -> Any:  # noqa: ANN401 - an instance of `kind`
        """The Struct of name and text pairs.

        Raises:
            HttpProblem: 422 ``invalid`` with the parameters at fault, or ``invalid_range``.
        """
        values: dict[str, Any] = {}
        errors: list[FieldError] = []
        for name, text in pairs:
            reason = self._refuse(name, text, values)
            if reason is not None:
                errors.append(FieldError(f"{self._place}.{name}", reason))
                continue
            is_list, is_scalar = self.fields[name]
            value = read_scalar(text) if is_scalar else text
            if is_list:
                values.setdefault(name, []).append(value)
            else:
                values[name] = value
        if errors:
            raise invalid(*errors)
        try:
            parameters = msgspec.convert(values, self._kind)
        except msgspec.ValidationError as error:
            raise invalid(field_error(str(error), self._place)) from error
        self._refuse_boundless(parameters)
        self._refuse_backwards(parameters)
        return parameters

    def _refuse_boundless(self, parameters: Struct) -> None:
        info = msgspec.structs.fields(parameters)
        boundless = [field.encode_name for field in info if not is_storable(getattr(parameters, field.name))]
        if boundless:
            reason = (
                "This is beyond what can be looked for. Give an instant of the years 1 to 9999 in UTC, or a smaller number."
            )
            raise invalid(*(FieldError(f"{self._place}.{name}", reason) for name in boundless))

    def _refuse_backwards(self, parameters: Struct) -> None:
        ends = {field.encode_name: getattr(parameters, field.name) for field in msgspec.structs.fields(parameters)}
        start, end = ends.get("from"), ends.get("to")
        if isinstance(start, datetime) and isinstance(end, datetime) and start > end:
            detail = "The range of time ends before it begins. Give a from that is not after to."
            errors = (FieldError(f"{self._place}.from", "It is after to."),)
            raise HttpProblem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_range", detail, errors)

    def _refuse(self, name: str, text: str, values: Mapping[str, object]) -> str | None:
        if name not in self.fields:
            return f"There is no such parameter. There are: {', '.join(sorted(self.fields)) or 'none'}."
        if name in values and not self.fields[name][0]:
            return "This parameter comes more than once."
        if "\0" in text:
            return "Text must not contain the character U+0000."
        return None


def read_scalar(text: str) -> object:
    """The number or boolean that a text is in JSON, else the text itself, which no number field accepts."""
    try:
        value = msgspec.json.decode(text) if text == text.strip() else text
    except (msgspec.DecodeError, RecursionError):
        return text
    if isinstance(value, float) and not math.isfinite(value):
        return text
    return value if isinstance(value, int | float) else text


def split_query(query: str) -> list[tuple[str, str]]:
    """The parameters of a query string, in order.

    Raises:
        HttpProblem: 400; there are too many, or a percent-encoding is not UTF-8.
    """
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except UnicodeDecodeError as error:
        raise malformed("The query has a percent-encoding that is not UTF-8.") from error
    except ValueError as error:
        raise malformed(f"The query has more than {MAX_PARAMETERS} parameters.") from error


def plain_query(query: str) -> dict[str, str]:
    """All parameters of a query string as text, for protocols of devices whose parameters are not ours to name.

    Raises:
        HttpProblem: 400 as `split_query`; 422 where one comes twice or holds U+0000.
    """
    values: dict[str, str] = {}
    for name, text in split_query(query):
        if name in values:
            raise invalid(FieldError(f"query.{name}", "This parameter comes more than once."))
        if "\0" in name + text:
            raise invalid(FieldError("query", "Text must not contain the character U+0000."))
        values[name] = text
    return values


def _shape(name: str, kind: inspect.Type) -> tuple[bool, bool]:
    """Whether a field takes several values, and whether they are read as JSON scalars."""
    kind = _present(name, kind)
    if isinstance(kind, _LISTS):
        return True, _is_scalar(name, _present(name, kind.item_type))
    return False, _is_scalar(name, kind)


def _present(name: str, kind: inspect.Type) -> inspect.Type:
    """The type without metadata, and without None: a parameter that is not sent takes the field's default."""
    if isinstance(kind, inspect.Metadata):
        return _present(name, kind.type)
    if isinstance(kind, inspect.UnionType):
        members = [member for member in kind.types if not isinstance(member, inspect.NoneType)]
        if len(members) != 1:
            raise UnfitParameter(f"{name} takes one of several types; text cannot tell which")
        return _present(name, members[0])
    return kind


def _is_scalar(name: str, kind: inspect.Type) -> bool:
    if isinstance(kind, inspect.LiteralType):
        return _all_of_one_kind(name, kind.values)
    if isinstance(kind, inspect.EnumType):
        return _all_of_one_kind(name, [member.value for member in kind.cls])
    if isinstance(kind, _SCALAR):
        return True
    if isinstance(kind, _TEXTUAL):
        return False
    raise UnfitParameter(f"{name} has a type that cannot be read from text ({type(kind).__name__.removesuffix('Type')})")


def _all_of_one_kind(name: str, values: Sequence[object]) -> bool:
    if all(isinstance(value, str) for value in values):
        return False
    if all(isinstance(value, int) for value in values):
        return True
    raise UnfitParameter(f"{name} allows text and numbers together")
