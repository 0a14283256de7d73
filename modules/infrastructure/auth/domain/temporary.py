"""Passwords that an administrator hands over: made at random, good for a day, and for nothing but to be replaced."""

from base64 import b32encode
from datetime import timedelta

TEMPORARY_LIFE = timedelta(days=1)
RANDOM_BYTES = 15
_GROUP = 6


def write_password(random: bytes) -> str:
    """A password of 120 random bits, in groups that can be typed."""
    text = b32encode(random).decode().lower()
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))
