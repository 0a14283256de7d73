"""Secrets of service accounts: ``nxs_``, 32 random bytes and their CRC-32, so that leak scanners can tell one."""

from binascii import crc32
from hashlib import sha256
from hmac import compare_digest

from nexus_actors.security.compact import MalformedToken, decode_base64url, encode_base64url

PREFIX = "nxs_"
RANDOM_BYTES = 32
_CRC = 4


def write_secret(random: bytes) -> str:
    """The text of a secret made of 32 random bytes."""
    return PREFIX + encode_base64url(random + crc32(random).to_bytes(_CRC, "big"))


def is_secret(text: str) -> bool:
    """Whether a text has the form of a secret; says nothing about whose it is."""
    if not text.startswith(PREFIX):
        return False
    try:
        data = decode_base64url(text[len(PREFIX) :])
    except MalformedToken:
        return False
    random, checksum = data[:-_CRC], data[-_CRC:]
    return len(random) == RANDOM_BYTES and crc32(random) == int.from_bytes(checksum, "big")


def digest_of(secret: str) -> bytes:
    """What is stored of a secret. With 256 random bits it needs no slow hash."""
    return sha256(secret.encode()).digest()


def matches(secret: str, digest: bytes | None) -> bool:
    """Whether a secret is the one behind a digest; takes as long for a wrong one."""
    return digest is not None and compare_digest(digest_of(secret), digest)
