"""Strict reading of a compact JWS (RFC 7515), before any signature is looked at.

Libraries are lenient where they need not be: they take base64url whose last bits are not zero, and JSON in which a member
stands twice, so that one token has several spellings or two readings. Auth-ms writes neither, so nothing of it is accepted.
"""

import binascii
import json
from typing import Any

from msgspec import Struct

MAX_TOKEN_BYTES = 8192
"""Longest token that is looked at."""

_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_PARTS = 3


class MalformedToken(Exception):
    """Raised when a text is no strictly written compact JWS with JSON objects for header and payload."""


class CompactToken(Struct, frozen=True):
    """A token taken apart and not yet verified.

    Attributes:
        header: the protected header.
        payload: the payload as an object.
    """

    header: dict[str, Any]
    payload: dict[str, Any]


def decode_base64url(text: str) -> bytes:
    """The bytes of canonical base64url without padding (RFC 4648, sections 3.5 and 5).

    Raises:
        MalformedToken: a foreign character, a padding, an impossible length, or last bits that are not zero.
    """
    if not _ALPHABET.issuperset(text) or len(text) % 4 == 1:
        raise MalformedToken("A part of the token is not base64url.")
    data = binascii.a2b_base64(text.translate(_TO_STANDARD) + "=" * (-len(text) % 4))
    if encode_base64url(data) != text:
        raise MalformedToken("A part of the token is not canonical base64url.")
    return data


def encode_base64url(data: bytes) -> str:
    """Base64url without padding (RFC 4648, section 5)."""
    return binascii.b2a_base64(data, newline=False).decode().translate(_TO_URL).rstrip("=")


def parse_compact(token: str) -> CompactToken:
    """Take a compact JWS apart.

    Raises:
        MalformedToken: the text is too long, has not three parts, or a part breaks the rules of this module.
    """
    if len(token) > MAX_TOKEN_BYTES or not token.isascii():
        raise MalformedToken(f"The token is longer than {MAX_TOKEN_BYTES} bytes or not ASCII.")
    parts = token.split(".")
    if len(parts) != _PARTS or not all(parts):
        raise MalformedToken("The token has not the three parts of a signed JWT.")
    header, payload, _ = (decode_base64url(part) for part in parts)
    return CompactToken(header=_object(header), payload=_object(payload))


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(
            data.decode("utf-8", "strict"), object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_no_float
        )
    except (ValueError, RecursionError) as error:
        raise MalformedToken("A part of the token is not strict JSON.") from error
    if not isinstance(value, dict):
        raise MalformedToken("A part of the token is not a JSON object.")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _no_float(digits: str) -> None:
    raise ValueError(f"{digits} is not a whole number")


_TO_STANDARD = str.maketrans("-_", "+/")
_TO_URL = str.maketrans("+/", "-_")
