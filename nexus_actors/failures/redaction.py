"""Taking secrets out of what is written down: logs, error texts, the printed configuration; and people out of what is shown."""

import re
from itertools import pairwise
from typing import Final

from nexus_actors.settings.secret import MASK

_URL_PASSWORD: Final = re.compile(r"(://[^:/?#@\s]*):[^/?#\s]*@")
# Three or five parts of base64url of which the first is a JSON object ({" is eyJ): a JWS or a JWE in compact form (RFC 7515,
# RFC 7516).
_COMPACT_TOKEN: Final = re.compile(r"\beyJ[\w-]{4,}(?:\.[\w-]*){2,4}")
_BEARER: Final = re.compile(r"\b(Bearer|DPoP)\s+[\w.~+/=-]{12,}", re.IGNORECASE)
_AUTHORIZATION: Final = re.compile(r"\b(Authorization[\"']?\s*[=:]\s*[\"']?\w+)\s+[^\s\"',;}]+", re.IGNORECASE)
_ASSIGNMENT: Final = re.compile(
    r"\b((?:\w+_)?(?:password|passwd|passphrase|secret|token|api_?key|credential)[\"']?\s*[=:]\s*[\"']?)[^\s&\"',;}]+",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_SECRET_WORDS: Final = frozenset(
    {"password", "passwd", "passphrase", "secret", "secrets", "token", "tokens", "jwt", "authorization", "cookie", "cookies"}
    | {"kek", "otp", "totp", "credential", "credentials", "apikey", "sealed"}
)
_SECRET_PAIRS: Final = frozenset(
    {("api", "key"), ("private", "key"), ("secret", "key"), ("signing", "key"), ("access", "key"), ("key", "hash")}
)
# The domain part as RFC 5321, section 2.3.5, has it; the local part is whatever stands before.
_ADDRESS: Final = re.compile(r"[^\s@\"'<>(),:;]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_PERSONAL_WORDS: Final = frozenset({"email", "phone", "licence"})


def redact_text(text: str) -> str:
    """The text without the passwords of URLs, tokens, credentials of HTTP and ``password=...`` in it."""
    if "://" in text:
        text = _URL_PASSWORD.sub(rf"\1:{MASK}@", text)
    if "eyJ" in text:
        text = _COMPACT_TOKEN.sub(MASK, text)
    if "=" in text or ":" in text:
        text = _ASSIGNMENT.sub(rf"\1{MASK}", text)
        text = _AUTHORIZATION.sub(rf"\1 {MASK}", text)
    return _BEARER.sub(rf"\1 {MASK}", text)


def names_secret(name: str) -> bool:
    """Whether a field of this name holds a secret: ``password_hash``, ``refreshToken``, ``api_key``, ``Set-Cookie``."""
    words = [word.lower() for word in _WORDS.findall(name)]
    return not _SECRET_WORDS.isdisjoint(words) or any(pair in _SECRET_PAIRS for pair in pairwise(words))


def redact_people(text: str) -> str:
    """The text without the e-mail addresses in it."""
    return _ADDRESS.sub(MASK, text) if "@" in text else text


def names_person(name: str) -> bool:
    """Whether a field of this name tells how to reach or identify a person: ``email``, ``phone``, ``licence_number``."""
    return not _PERSONAL_WORDS.isdisjoint(word.lower() for word in _WORDS.findall(name))
