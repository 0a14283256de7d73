"""Problem documents (RFC 9457): what every answer says that is not a result."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from math import ceil
from typing import Final

from msgspec import Struct

from bus import (
    BusUnavailable,
    DeadlineExceeded,
    FieldError,
    HandlerFailed,
    NewerRelease,
    Overloaded,
    PublishFailed,
    Refusal,
    RefusalKind,
    TooLarge,
)
from bus.refusal import LONGEST_DETAIL
from bus.text import storable
from nexus_actors.errors import DatabaseBusy, DatabaseUnavailable

MEDIA_TYPE: Final = "application/problem+json"

STATUS_BY_KIND: Final[Mapping[RefusalKind, int]] = {
    "malformed": 400,
    "unauthorised": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "gone": 410,
    "precondition": 412,
    "invalid": 422,
    "locked": 423,
    "too_early": 425,
    "rate_limited": 429,
    "unavailable": 503,
}

_RETRY_S: Final = 1.0
_REPEAT: Final = (
    "It may still take effect. Repeat the request with the same Idempotency-Key to learn its answer; "
    "if you sent none, look at the state first."
)


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem document.

    Attributes:
        type: where the code is explained, a path of the service that answers.
        title: the code in words.
        status: the HTTP status.
        detail: what happened and what to do.
        code: stable snake_case name of the reason.
        trace_id: finds the request in logs and traces.
        errors: the fields at fault, where the input is.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    trace_id: str
    errors: tuple[FieldError, ...] = ()


class HttpProblem(Exception):
    """Raised to answer a request with a problem document.

    Attributes:
        status: the HTTP status.
        code: stable snake_case name of the reason.
        detail: what happened and what to do.
        errors: the fields at fault, where the input is.
        headers: headers of the answer, such as Retry-After.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: tuple[FieldError, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers: Mapping[str, str] = headers or {}

    def document(self, trace_id: str) -> Problem:
        """The problem as a document."""
        return Problem(
            type=f"/docs/problems#{self.code}",
            title=self.code.replace("_", " ").capitalize(),
            status=self.status,
            detail=storable(self.detail, LONGEST_DETAIL),
            code=self.code,
            trace_id=trace_id,
            errors=tuple(_storable(error) for error in self.errors),
        )


def _storable(error: FieldError) -> FieldError:
    """Names of fields come from clients, whose headers may hold bytes that are no UTF-8."""
    return FieldError(storable(error.field, LONGEST_DETAIL), storable(error.reason, LONGEST_DETAIL))


def malformed(detail: str, code: str = "malformed") -> HttpProblem:
    """The problem of a request that cannot be read."""
    return HttpProblem(HTTPStatus.BAD_REQUEST, code, detail)


def invalid(*errors: FieldError) -> HttpProblem:
    """The problem of a request that can be read and says what is not allowed."""
    places = ", ".join(error.field for error in errors)
    return HttpProblem(422, "invalid", f"The request is not as it must be at {places}. Correct it and send it again.", errors)


def retry_after(seconds: float) -> dict[str, str]:
    """The header that says when to come again, in whole seconds (RFC 9110, section 10.2.3), at least 1."""
    return {"Retry-After": str(max(1, ceil(seconds)))}


def problem_of(error: Exception) -> HttpProblem | None:
    """The problem that an exception stands for, or None where it is a fault of ours."""
    if isinstance(error, HttpProblem):
        return error
    if isinstance(error, Refusal):
        return _of_refusal(error)
    for kind, make in _BY_FAULT:
        if isinstance(error, kind):
            return make(error)
    return None


def _of_refusal(refusal: Refusal) -> HttpProblem:
    status = STATUS_BY_KIND[refusal.kind]
    seconds = refusal.retry_after_s
    if seconds is None and refusal.kind in {"rate_limited", "unavailable"}:
        seconds = _RETRY_S
    headers = retry_after(seconds) if seconds is not None else None
    return HttpProblem(status, refusal.code, refusal.detail, refusal.errors, headers)


def unavailable(code: str, detail: str, retry_after_s: float = _RETRY_S) -> HttpProblem:
    """The problem of a service that cannot answer now."""
    return HttpProblem(HTTPStatus.SERVICE_UNAVAILABLE, code, detail, headers=retry_after(retry_after_s))


def _overloaded(error: Exception) -> HttpProblem:
    seconds = error.retry_after_s if isinstance(error, Overloaded) else _RETRY_S
    return unavailable("overloaded", "More is waiting here than can be taken in. Send it again later.", seconds)


_BY_FAULT: Final[tuple[tuple[type[Exception], Callable[[Exception], HttpProblem]], ...]] = (
    (TooLarge, lambda error: HttpProblem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "message_too_large", str(error))),
    (Overloaded, _overloaded),
    (DeadlineExceeded, lambda _: unavailable("no_answer_yet", f"No answer came in time. {_REPEAT}")),
    (
        NewerRelease,
        lambda _: unavailable("newer_release_needed", f"A newer release answered what this one cannot read. {_REPEAT}"),
    ),
    (HandlerFailed, lambda error: HttpProblem(HTTPStatus.INTERNAL_SERVER_ERROR, "handler_failed", str(error))),
    (PublishFailed, lambda _: unavailable("publish_failed", f"The request was not confirmed on its way in. {_REPEAT}")),
    (BusUnavailable, lambda _: unavailable("bus_unavailable", "The message bus cannot be reached. Send it again later.")),
    (
        DatabaseBusy,
        lambda _: unavailable("database_busy", "What this needs in the database is in other hands. Send it again later."),
    ),
    (
        DatabaseUnavailable,
        lambda _: unavailable("database_unavailable", "The database cannot be reached, or cannot work. Send it again later."),
    ),
)
