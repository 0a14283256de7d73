"""How values of PostgreSQL become values of Python, and back."""

from typing import Any, Final
from uuid import UUID

import msgspec
from asyncpg import Connection

# The binary form of jsonb is a version byte before the text; there is only version 1.
_JSONB_VERSION: Final = b"\x01"
_encode_json: Final = msgspec.json.Encoder(decimal_format="string", uuid_format="canonical").encode


async def set_codecs(connection: "Connection[Any]") -> None:
    """Teach a new connection our types: plain ``uuid.UUID``, and JSON as bytes.

    JSON is read as the bytes of its text, so that whoever reads it decodes it once, into its own type. It is written from
    anything that msgspec encodes; ``bytes`` are taken as JSON that is encoded already, and PostgreSQL checks them.
    """
    await connection.set_type_codec("uuid", schema="pg_catalog", format="binary", encoder=_encode_uuid, decoder=_decode_uuid)
    await connection.set_type_codec("json", schema="pg_catalog", format="binary", encoder=_encode_text, decoder=bytes)
    await connection.set_type_codec("jsonb", schema="pg_catalog", format="binary", encoder=_encode_jsonb, decoder=_decode_jsonb)


def _encode_uuid(value: UUID) -> bytes:
    return value.bytes


def _decode_uuid(raw: bytes) -> UUID:
    return UUID(bytes=raw)


def _encode_text(value: object) -> bytes:
    return value if isinstance(value, bytes) else _encode_json(value)


def _encode_jsonb(value: object) -> bytes:
    return _JSONB_VERSION + _encode_text(value)


def _decode_jsonb(raw: bytes) -> bytes:
    return raw[1:]
