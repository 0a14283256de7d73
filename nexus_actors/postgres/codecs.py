"""How values of PostgreSQL become values of Python, and back."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from asyncpg import Connection

# The binary form of jsonb is a version byte before the text; there is only version 1.
_JSONB_VERSION: Final = b"\x01"
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_encode_json: Final = msgspec.json.Encoder(decimal_format="string", uuid_format="canonical").encode


async def set_codecs(connection: "Connection[Any]") -> None:
    """Teach a new connection our types: plain ``uuid.UUID``, instants that all have a time zone, and JSON as bytes.

    JSON is read as the bytes of its text, so that whoever reads it decodes it once, into its own type. It is written from
    anything that msgspec encodes; ``bytes`` are taken as JSON that is encoded already, and PostgreSQL checks them.

    asyncpg takes the first and the last instant of ``datetime`` for the infinities, and gives these back without a time zone:
    whoever compares them with another instant fails. Here they go and come as they are, and the infinities are read as them.
    """
    await connection.set_type_codec("uuid", schema="pg_catalog", format="binary", encoder=_encode_uuid, decoder=_decode_uuid)
    await connection.set_type_codec(
        "timestamptz", schema="pg_catalog", format="tuple", encoder=_encode_instant, decoder=_decode_instant
    )
    await connection.set_type_codec("json", schema="pg_catalog", format="binary", encoder=_encode_text, decoder=bytes)
    await connection.set_type_codec("jsonb", schema="pg_catalog", format="binary", encoder=_encode_jsonb, decoder=_decode_jsonb)


def _encode_uuid(value: UUID) -> bytes:
    return value.bytes


def _decode_uuid(raw: bytes) -> UUID:
    return UUID(bytes=raw)


def _encode_instant(value: datetime) -> tuple[int]:
    # Nearly all are in UTC already, and each row has one.
    utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return ((utc - _EPOCH) // _MICROSECOND,)


def _decode_instant(raw: tuple[int]) -> datetime:
    (microseconds,) = raw
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return _LAST if microseconds > 0 else _FIRST


def _encode_text(value: object) -> bytes:
    return value if isinstance(value, bytes) else _encode_json(value)


def _encode_jsonb(value: object) -> bytes:
    return _JSONB_VERSION + _encode_text(value)


def _decode_jsonb(raw: bytes) -> bytes:
    return raw[1:]
