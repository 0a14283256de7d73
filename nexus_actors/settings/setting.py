"""One setting: what it allows, how its text is read, and how a refusal is worded."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, get_args
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
from msgspec import Meta

from nexus_actors.settings.secret import Secret

MIN_SECRET: Final = 32
_MIN_DISTINCT: Final = 10
_WELL_KNOWN: Final = frozenset(
    {"admin", "change-me", "changeme", "default", "example", "guest", "nexus", "nexus_cos", "password", "postgres"}
    | {"redis", "root", "secret", "test"}
)
# asyncpg and redis-py: a file that holds the password, or a client certificate in its place.
_OTHER_CREDENTIALS: Final = frozenset({"passfile", "sslcert", "ssl_certfile"})


def choice(words: object) -> Meta:
    """One of the words of a ``Literal``."""
    return Meta(extra={"allowed": f"one of {', '.join(get_args(words))}"})


def whole(low: int, high: int) -> Meta:
    """A whole number from ``low`` to ``high``."""
    return Meta(ge=low, le=high, extra={"allowed": f"a whole number from {low} to {high}"})


def seconds(low: float, high: float) -> Meta:
    """A time in seconds from ``low`` to ``high``."""
    return Meta(ge=low, le=high, extra={"allowed": f"seconds from {low:g} to {high:g}"})


def text(pattern: str | None, allowed: str, check: Callable[[str], object] | None = None) -> Meta:
    """A text that matches ``pattern``; ``allowed`` says the same in words.

    Args:
        check: raises ValueError for one that is not allowed all the same.
    """
    return Meta(extra={"allowed": allowed, "pattern": pattern, "fits": check})


def url(*schemes: str, note: str, check: Callable[[str], object] | None = None) -> Meta:
    """A URL with one of ``schemes``.

    Args:
        check: raises ValueError for one that cannot be used, with a text as `decode` has them.
    """
    starts = " or ".join(f"{scheme}://" for scheme in schemes)
    return Meta(extra={"allowed": f"a URL that starts with {starts} ({note})", "schemes": schemes, "check": check})


def decode(raw: str, annotation: object) -> object:
    """The value of a variable's text, by the annotation of its field.

    Raises:
        ValueError: its text completes a sentence that begins with the name of the variable. A text that may hold a secret is
            not repeated in it.
    """
    declared, meta = get_args(annotation)
    extra: dict[str, Any] = meta.extra
    allowed = extra["allowed"]
    if "schemes" in extra:
        return _decode_url(raw, extra["schemes"], extra["check"], allowed)
    if Secret in get_args(declared):
        return _decode_secret(raw, allowed)
    pattern = extra.get("pattern")
    if pattern is not None and not re.fullmatch(pattern, raw):
        raise _refused(raw, allowed)
    if (fits := extra.get("fits")) is not None:
        try:
            fits(raw)
        except ValueError:
            raise _refused(raw, allowed) from None
    if declared is Path:
        return Path(raw)
    try:
        value: object = msgspec.convert(raw, annotation, strict=False)
    except msgspec.ValidationError:
        raise _refused(raw, allowed) from None
    if isinstance(value, float) and not math.isfinite(value):
        raise _refused(raw, allowed)
    return value


def weak_secret(secret: Secret) -> str | None:
    """Why a secret is not fit for production, or nothing."""
    revealed = secret.reveal()
    if len(set(revealed)) < _MIN_DISTINCT or revealed.lower() in _WELL_KNOWN:
        return "is easy to guess"
    return None


def weak_url(address: str) -> str | None:
    """Why a server's URL is not fit for production, or nothing. Sockets and client certificates do without a password."""
    parts = urlsplit(address)
    query = parse_qs(parts.query)
    socket = parts.scheme == "unix" or query.get("host", [""])[0].startswith("/")
    password = unquote(parts.password) if parts.password else query.get("password", [""])[0]
    if password.lower() in _WELL_KNOWN:
        return "has a password that everybody knows"
    if not password and not socket and _OTHER_CREDENTIALS.isdisjoint(query):
        return "has no password"
    return None


def _decode_url(raw: str, schemes: tuple[str, ...], check: Callable[[str], object] | None, allowed: str) -> str:
    try:
        parts = urlsplit(raw)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in schemes or not raw.startswith(f"{parts.scheme}://") or re.search(r"\s", raw):
        message = f"is no URL that can be used here; allowed is {allowed}."
        raise ValueError(message)
    if check is not None:
        check(raw)
    return raw


def _decode_secret(raw: str, allowed: str) -> Secret:
    if len(raw) < MIN_SECRET:
        message = f"has {len(raw)} characters; allowed is {allowed}."
        raise ValueError(message)
    return Secret(raw)


def _refused(raw: str, allowed: str) -> ValueError:
    return ValueError(f"is {raw[:80]!r}; allowed is {allowed}.")
