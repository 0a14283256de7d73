"""Which passwords are good enough."""

import unicodedata
from collections.abc import Iterable

from zxcvbn_rs_py import zxcvbn

from bus import FieldError, Refusal

MIN_CHARS = 10
MAX_BYTES = 1024
MIN_GUESSES = 10**8
"""What zxcvbn calls score 3: safe even where guesses are not throttled."""

_JUDGED_CHARS = 64
_NO_TEXT = ("Cc", "Cn")
"""Kinds of characters that OpaqueString refuses: controls, and what may mean something in a later Unicode."""

_PLATFORM_WORDS = ("nexus", "nexuscos", "puabo", "puaboverse", "streamcore")


def prepared(password: str) -> str:
    """The form of a password in which it is compared: OpaqueString (RFC 8265, section 4.2).

    Spaces of all kinds become U+0020, and the text NFC, for one keyboard writes ``é`` as one character and the next as two.
    Case and width stay as they were typed.
    """
    spaced = "".join(" " if unicodedata.category(character) == "Zs" else character for character in password)
    return unicodedata.normalize("NFC", spaced)


def check_password(password: str, context: Iterable[str] = ()) -> None:
    """Let a new password pass or refuse it.

    Length and strength are asked, never kinds of characters (NIST SP 800-63B-4, 3.1.1). Strength is zxcvbn's number of
    guesses (Wheeler, "zxcvbn: low-budget password strength estimation", USENIX Security 2016); its time grows faster than
    the length, so it sees the first 64 characters.

    Args:
        password: as it was typed; its prepared form is judged.
        context: words that an attacker would try first, such as the address and the name.

    Raises:
        Refusal: invalid, the password is too short, too long or too easy to guess, or has characters that are no text.
    """
    if not is_verifiable(password):
        raise _refusal("password_too_long", f"Give at most {MAX_BYTES} bytes of UTF-8 text.")
    password = prepared(password)
    if any(unicodedata.category(character) in _NO_TEXT for character in password):
        raise _refusal("password_no_text", "Leave out control characters, and those that Unicode does not know.")
    if len(password) < MIN_CHARS:
        raise _refusal("password_too_short", f"Give at least {MIN_CHARS} characters.")
    words = [word for word in (*_PLATFORM_WORDS, *context) if word]
    if zxcvbn(password[:_JUDGED_CHARS], words).guesses < MIN_GUESSES:
        raise _refusal("password_too_weak", "Easy to guess. Add a word or two that do not belong together.")


def is_verifiable(password: str) -> bool:
    """Whether a password may be hashed at all: text of at most 1024 bytes in UTF-8, once it is prepared."""
    try:
        return len(password) <= MAX_BYTES and len(prepared(password).encode()) <= MAX_BYTES
    except UnicodeEncodeError:
        return False


def _refusal(code: str, reason: str) -> Refusal:
    return Refusal.invalid(code, f"The password cannot be used. {reason}", FieldError("$.password", reason))
