"""Refresh tokens: a signed counter per session instead of a stored token.

Source of the idea: GoTrue (supabase/auth), migration 20251007. Text form: ``nxr_`` and base64url of
``version | user (16) | session (16) | counter (unsigned LEB128) | HMAC-SHA-256 of all before, cut to 16 bytes | CRC-32``.
The CRC costs a mistyped token no key; the HMAC key never leaves auth-ms. The token itself is stored nowhere.
"""

import hmac
from binascii import crc32
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from nexus_actors.security.compact import MalformedToken, decode_base64url, encode_base64url

REPLAY_WINDOW = timedelta(seconds=10)
ABSOLUTE_LIFE = timedelta(days=30)
IDLE_LIFE = timedelta(days=7)

PREFIX = "nxr_"
_VERSION = b"\x01"
_IDS = 33
_MAC = 16
_CRC = 4
_MAX_CHARS = 128
_MAX_COUNTER = 2**53 - 1

Step = Literal["renewed", "replayed", "reused", "ahead", "expired"]


class RefreshToken(Struct, frozen=True):
    """Whose session a refresh token renews, and which of the session's tokens it is, counted from 0."""

    user_id: UUID
    session_id: UUID
    counter: int


class Family(Struct, frozen=True, kw_only=True):
    """The refresh tokens of one session.

    Attributes:
        counter: number of the one usable token.
        renewed_at: when that token was first given out.
        replays: always 0; earlier releases, which may run beside this one, bound how often a token is given out again.
        opened_at: start of the session.
    """

    counter: int = 0
    renewed_at: datetime
    replays: int = 0
    opened_at: datetime


def write_token(token: RefreshToken, key: bytes) -> str:
    """The text form. Equal tokens have equal texts."""
    body = _VERSION + token.user_id.bytes + token.session_id.bytes + _uvarint(token.counter)
    body += _mac(body, key)
    return PREFIX + encode_base64url(body + crc32(body).to_bytes(_CRC, "big"))


def read_token(text: str, keys: tuple[bytes, ...]) -> RefreshToken:
    """The token behind a text.

    Args:
        text: what a client sent.
        keys: the HMAC keys that are accepted.

    Raises:
        MalformedToken: it was not written by `write_token` with one of the keys.
    """
    if not text.startswith(PREFIX) or len(text) > _MAX_CHARS:
        raise MalformedToken("This is no refresh token.")
    data = decode_base64url(text[len(PREFIX) :])
    body, checksum = data[:-_CRC], data[-_CRC:]
    if len(body) <= _IDS + _MAC or crc32(body) != int.from_bytes(checksum, "big"):
        raise MalformedToken("The refresh token is damaged.")
    signed, mac = body[:-_MAC], body[-_MAC:]
    if not any(hmac.compare_digest(mac, _mac(signed, key)) for key in keys):
        raise MalformedToken("The refresh token was not issued here.")
    if signed[:1] != _VERSION:
        raise MalformedToken("The refresh token is of an unknown version.")
    counter = _read_uvarint(signed[_IDS:])
    return RefreshToken(UUID(bytes=signed[1:17]), UUID(bytes=signed[17:_IDS]), counter)


def renew(family: Family, counter: int, now: datetime) -> tuple[Step, Family]:
    """What a refresh token with this number does to its family.

    - the usable token: the next one replaces it (``renewed``);
    - the one before it, within 10 s: the same successor once more (``replayed``), however often, because a client whose
      connection broke, or which has many tabs open, is no thief;
    - an older one: somebody else has used it; the session must be closed (``reused``);
    - one that was never given out: a forged key or a restored database (``ahead``);
    - any of them 30 days after the start or 7 days after the last renewal: ``expired``.
    """
    if counter > family.counter:
        return "ahead", family
    if expired(family, now):
        return "expired", family
    if counter == family.counter:
        return "renewed", replace(family, counter=counter + 1, renewed_at=now, replays=0)
    if counter == family.counter - 1 and now - family.renewed_at <= REPLAY_WINDOW:
        return "replayed", family
    return "reused", family


def expired(family: Family, now: datetime) -> bool:
    """Whether the session has ended by itself."""
    return now >= ends_at(family)


def ends_at(family: Family) -> datetime:
    """When the session ends by itself unless it is renewed."""
    return min(family.opened_at + ABSOLUTE_LIFE, family.renewed_at + IDLE_LIFE)


def _mac(body: bytes, key: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")[:_MAC]


def _uvarint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_uvarint(data: bytes) -> int:
    value = sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(data))
    if value > _MAX_COUNTER or _uvarint(value) != data:
        raise MalformedToken("The refresh token's counter is not canonical.")
    return value
