"""Form bodies, which the OAuth endpoints take (RFC 6749, appendix B)."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

FORM: Final = "application/x-www-form-urlencoded"
BODY_LIMIT_BYTES: Final = 32 * 1024
_MAX_FIELDS: Final = 32


class BadForm(Exception):
    """Raised when a body is no form that can be read in one way only. Its text says why."""


def read_form(body: bytes) -> Mapping[str, str]:
    """The parameters of a form. Empty ones count as not sent (RFC 6749, section 3.2).

    Raises:
        BadForm: it is not UTF-8, has too many parameters, one twice, or a NUL.
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_MAX_FIELDS
        )
    except ValueError as error:
        raise BadForm("The body is not a form of a few UTF-8 parameters.") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise BadForm("A parameter comes more than once.")
    if any("\0" in name + value for name, value in pairs):
        raise BadForm("A parameter contains the character U+0000.")
    return {name: value for name, value in form.items() if value}
