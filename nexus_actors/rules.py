"""Rules on types: the normal form of a field, its bounds and its examples, said once and kept before a handler runs.

    Phone = Annotated[str, rule(phone, max_length=16, examples=["+385 91 234 5678"])]

A field of such a type is put into its normal form in the turn, before the handler sees the command; all that is wrong with a
command is said at once, what `Command.faults` finds between its fields too. OpenAPI shows the bounds of the normal form. Null
and what is left out are nobody's business here: whether a field may be either is said by its type.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, inspect

from bus import Command, ContractError, FieldError, Refusal
from bus.schema import SHOWN

M = TypeVar("M", bound=Command[Any])
Normal = Callable[[str], str]
Faults = list[FieldError]
Check = Callable[[Any, str, Faults], Any]

ROOM: Final = 4
"""How much longer text may come than its normal form: spaces and marks that are left out, letters in parts (NFD)."""

_RULE: Final = "rule"
_NOTHING: Final[Mapping[type, list[Check]]] = {}
_LISTS: Final[dict[type[inspect.Type], type]] = {inspect.ListType: list, inspect.VarTupleType: tuple}


def rule(normal: Normal, *, max_length: int, min_length: int = 1, examples: list[str] | None = None) -> Meta:
    """What stands beside ``str`` in the type of a field.

    Args:
        normal: gives the normal form of a text, which is the normal form of itself; raises `ValueError` with the reason where
            there is none.
        max_length: how many characters the normal form may have.
        min_length: how many it must have.
        examples: values that are taken, among them one of each length that is not obvious.
    """

    def bounded(value: str) -> str:
        text = normal(value)
        if not min_length <= len(text) <= max_length:
            raise ValueError(f"It has {len(text)} characters. Give {min_length} to {max_length}.")
        return text

    return Meta(
        min_length=min(1, min_length),
        max_length=ROOM * max_length,
        examples=list(examples) if examples else None,
        extra={_RULE: bounded},
        # What msgspec checks itself wins over `extra_json_schema`, so the bounds of the normal form go by another name.
        extra_json_schema={SHOWN: {"minLength": min_length, "maxLength": max_length}},
    )


def normal_form(kind: Any, value: str) -> str:  # noqa: ANN401 - an annotated type
    """The normal form of a text by the rule of a type.

    Raises:
        ValueError: the rule refuses it.
    """
    errors: Faults = []
    check = _check(inspect.type_info(kind))
    text: str = value if check is None else check(value, "$", errors)
    if errors:
        raise ValueError(errors[0].reason)
    return text


def check_of(kind: type[M]) -> Callable[[M], M] | None:
    """What puts a command into its normal form, or refuses it; None where nothing can be wrong with it.

    The refusal is ``invalid_<noun>``. The noun is the command's, or its key's: ``driver_id`` makes ``invalid_driver``.
    """
    check, noun = _check(inspect.type_info(kind)), kind.noun or kind.key_field.removesuffix("_id")
    if check is None and kind.faults is Command.faults:
        return None

    def checked(message: M) -> M:
        errors: Faults = []
        normal: M = message if check is None else check(message, "$", errors)
        errors += normal.faults()
        if errors:
            fields = ", ".join(error.field for error in errors)
            detail = f"The {noun} is not as it must be at {fields}. Correct it and send it again."
            raise Refusal.invalid(f"invalid_{noun}", detail, *errors)
        return normal

    return checked


def _check(info: inspect.Type, around: Mapping[type, list[Check]] = _NOTHING) -> Check | None:
    """What checks a value of a type; ``around`` it are these types, whose checks are in the lists once they are made."""
    if isinstance(info, inspect.Metadata):
        found = (info.extra or {}).get(_RULE)
        return _check(info.type, around) if found is None else _text(found)
    if isinstance(info, inspect.UnionType):
        return _one_of([(_class(member), check) for member in info.types if (check := _check(member, around)) is not None])
    if isinstance(info, inspect.ListType | inspect.VarTupleType):
        return _items(_check(info.item_type, around))
    if isinstance(info, inspect.StructType):
        return _again(around[info.cls]) if info.cls in around else _fields(info, around)
    for name in ("key_type", "value_type", "item_type"):
        if isinstance(inner := getattr(info, name, None), inspect.Type) and _check(inner, around) is not None:
            raise ContractError("A rule stands in a dict or set, where it is not kept. Use a list or a tuple.")
    return None


def _class(info: inspect.Type) -> type:
    """What the values of a type with a check are."""
    if isinstance(info, inspect.Metadata):
        return _class(info.type)
    return info.cls if isinstance(info, inspect.StructType) else _LISTS.get(type(info), str)


def _one_of(checks: list[tuple[type, Check]]) -> Check | None:
    if not checks:
        return None

    def check(value: Any, path: str, errors: Faults) -> Any:  # noqa: ANN401
        inner = next((inner for kind, inner in checks if isinstance(value, kind)), None)
        return value if inner is None else inner(value, path, errors)

    return check


def _text(normal: Normal) -> Check:
    def check(value: Any, path: str, errors: Faults) -> Any:  # noqa: ANN401
        try:
            return normal(value)
        except ValueError as error:
            errors.append(FieldError(path, str(error)))
            return value

    return check


def _items(inner: Check | None) -> Check | None:
    if inner is None:
        return None

    def check(values: Any, path: str, errors: Faults) -> Any:  # noqa: ANN401
        return type(values)(inner(value, f"{path}[{index}]", errors) for index, value in enumerate(values))

    return check


def _again(made: list[Check]) -> Check:
    """The check of a type inside itself."""

    def check(value: Any, path: str, errors: Faults) -> Any:  # noqa: ANN401
        return made[0](value, path, errors)

    return check


def _fields(info: inspect.StructType, around: Mapping[type, list[Check]]) -> Check | None:
    made: list[Check] = []
    inner_around = {**around, info.cls: made}
    found = [(field.name, field.encode_name, _check(field.type, inner_around)) for field in info.fields]
    checks = [(name, shown, check) for name, shown, check in found if check is not None]
    if not checks:
        return None

    def check(value: Struct, path: str, errors: Faults) -> Struct:
        normal = {
            name: inner(given, f"{path}.{shown}", errors)
            for name, shown, inner in checks
            if (given := getattr(value, name)) is not None and given is not UNSET
        }
        return msgspec.structs.replace(value, **normal)

    made.append(check)
    return check
