"""Input checked field by field, so that a refusal names all that is wrong at once."""

from collections.abc import Callable
from typing import TypeVar

from msgspec import UnsetType

from bus import FieldError, Refusal

T = TypeVar("T")


class Form:
    """Collects what is wrong with the fields of one input.

    A rule is a function that takes a field's value, answers with its normal form, and raises `ValueError` with the reason
    where the value is not allowed.
    """

    def __init__(self, what: str) -> None:
        """Check a ``what``, such as ``vehicle``."""
        self._what = what
        self._errors: list[FieldError] = []

    def read(self, field: str, rule: Callable[[T], T], value: T) -> T:
        """The normal form of a field; the value as it came where the rule refuses it."""
        try:
            return rule(value)
        except ValueError as error:
            self.refuse(field, str(error))
            return value

    def read_optional(self, field: str, rule: Callable[[T], T], value: T | None) -> T | None:
        """The same for a field that may be missing."""
        return None if value is None else self.read(field, rule, value)

    def read_change(self, field: str, rule: Callable[[T], T], change: T | UnsetType, old: T) -> T:
        """The normal form of what a field changes to; the old value where it is not to change."""
        return old if isinstance(change, UnsetType) else self.read(field, rule, change)

    def read_optional_change(self, field: str, rule: Callable[[T], T], change: T | UnsetType | None, old: T | None) -> T | None:
        """The same for a field that null clears."""
        return old if isinstance(change, UnsetType) else self.read_optional(field, rule, change)

    def refuse(self, field: str, reason: str) -> None:
        """Note that a field is wrong."""
        self._errors.append(FieldError(f"$.{field}", reason))

    def finish(self) -> None:
        """End the check.

        Raises:
            Refusal: ``invalid_<what>``, with every field that is wrong.
        """
        if self._errors:
            fields = ", ".join(error.field for error in self._errors)
            detail = f"The {self._what} is not as it must be at {fields}. Correct it and send it again."
            raise Refusal.invalid(f"invalid_{self._what}", detail, *self._errors)
