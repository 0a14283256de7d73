"""The answer no: a rule that refuses a command."""

from typing import Literal, get_args

from msgspec import Struct

from bus.text import storable

RefusalKind = Literal[
    "malformed",
    "invalid",
    "unauthorised",
    "forbidden",
    "not_found",
    "conflict",
    "gone",
    "precondition",
    "locked",
    "too_early",
    "rate_limited",
    "unavailable",
]
REFUSAL_KINDS: tuple[RefusalKind, ...] = get_args(RefusalKind)
LONGEST_DETAIL = 4_000
"""Of the texts of a refusal, in characters; longer ones are cut."""


class FieldError(Struct, frozen=True):
    """One field of the input that is at fault.

    Attributes:
        field: path of the field, such as ``$.fixes[3].lat``.
        reason: what is wrong with it and what is allowed.
    """

    field: str
    reason: str


class RefusalDocument(Struct, frozen=True, omit_defaults=True):
    """A refusal as it travels and as the inbox keeps it."""

    kind: RefusalKind
    code: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    retry_after_s: float | None = None


class Refusal(Exception):
    """A rule said no. Nothing has changed; repeating the command as it is gives the same answer.

    Attributes:
        kind: the family of the reason, which decides the HTTP status.
        code: stable snake_case name of the reason.
        detail: what happened and what to do.
        errors: the fields at fault, where the input is.
        retry_after_s: seconds until a repeat may succeed, where waiting helps.
    """

    def __init__(
        self,
        kind: RefusalKind,
        code: str,
        detail: str,
        errors: tuple[FieldError, ...] = (),
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.kind: RefusalKind = kind
        self.code = code
        self.detail = detail
        self.errors = errors
        self.retry_after_s = retry_after_s

    @property
    def document(self) -> RefusalDocument:
        """The refusal as a value, with its texts storable: a detail may quote whatever the command held."""
        errors = tuple(FieldError(_clean(error.field), _clean(error.reason)) for error in self.errors)
        return RefusalDocument(self.kind, _clean(self.code), _clean(self.detail), errors, self.retry_after_s)

    @classmethod
    def from_document(cls, document: RefusalDocument) -> "Refusal":
        """The refusal that a document describes."""
        return cls(document.kind, document.code, document.detail, document.errors, document.retry_after_s)

    @classmethod
    def malformed(cls, code: str, detail: str) -> "Refusal":
        """The input cannot be read at all."""
        return cls("malformed", code, detail)

    @classmethod
    def invalid(cls, code: str, detail: str, *errors: FieldError) -> "Refusal":
        """The input can be read and says something that is not allowed."""
        return cls("invalid", code, detail, errors)

    @classmethod
    def unauthorised(cls, code: str, detail: str) -> "Refusal":
        """The caller is not known."""
        return cls("unauthorised", code, detail)

    @classmethod
    def forbidden(cls, code: str, detail: str) -> "Refusal":
        """The caller is known and may not do this."""
        return cls("forbidden", code, detail)

    @classmethod
    def not_found(cls, code: str, detail: str) -> "Refusal":
        """There is no such thing, or it belongs to another tenant."""
        return cls("not_found", code, detail)

    @classmethod
    def conflict(cls, code: str, detail: str) -> "Refusal":
        """The state of the thing does not allow this."""
        return cls("conflict", code, detail)

    @classmethod
    def gone(cls, code: str, detail: str) -> "Refusal":
        """The thing was there and has ended."""
        return cls("gone", code, detail)

    @classmethod
    def precondition(cls, code: str, detail: str) -> "Refusal":
        """The thing has moved on from the version that the caller expected."""
        return cls("precondition", code, detail)

    @classmethod
    def locked(cls, code: str, detail: str, retry_after_s: float | None = None) -> "Refusal":
        """The thing is held and cannot be changed now."""
        return cls("locked", code, detail, (), retry_after_s)

    @classmethod
    def too_early(cls, code: str, detail: str, retry_after_s: float | None = None) -> "Refusal":
        """The time for this has not come."""
        return cls("too_early", code, detail, (), retry_after_s)

    @classmethod
    def rate_limited(cls, code: str, detail: str, retry_after_s: float) -> "Refusal":
        """The caller asks too often."""
        return cls("rate_limited", code, detail, (), retry_after_s)

    @classmethod
    def unavailable(cls, code: str, detail: str, retry_after_s: float = 1.0) -> "Refusal":
        """The service cannot answer now."""
        return cls("unavailable", code, detail, (), retry_after_s)


def _clean(text: str) -> str:
    return storable(text, LONGEST_DETAIL)
