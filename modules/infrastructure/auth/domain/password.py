"""Which passwords are good enough."""

from collections.abc import Iterable

from zxcvbn_rs_py import zxcvbn

from bus import FieldError, Refusal

MIN_CHARS = 10
MAX_BYTES = 1024
MIN_GUESSES = 10**8
"""What zxcvbn calls score 3: safe even where guesses are not throttled."""

_JUDGED_CHARS = 64
_PLATFORM_WORDS = ("nexus", "nexuscos", "puabo", "puaboverse", "streamcore")


def check_password(password: str, context: Iterable[str] = ()) -> None:
    """Let a new password pass or refuse it.

    Length and strength are asked, never kinds of characters (NIST SP 800-63B-4, 3.1.1). Strength is zxcvbn's number of
    guesses (Wheeler, "zxcvbn: low-budget password strength estimation", USENIX Security 2016); its time grows faster than
    the length, so it sees the first 64 characters.

    Args:
        password: as it was typed; it is compared raw, never normalised.
        context: words that an attacker would try first, such as the address and the name.

    Raises:
        Refusal: invalid, the password is too short, too long or too easy to guess.
    """
    if len(password) < MIN_CHARS:
        raise _refusal("password_too_short", f"Give at least {MIN_CHARS} characters.")
    if not is_verifiable(password):
        raise _refusal("password_too_long", f"Give at most {MAX_BYTES} bytes of UTF-8 text.")
    words = [word for word in (*_PLATFORM_WORDS, *context) if word]
    if zxcvbn(password[:_JUDGED_CHARS], words).guesses < MIN_GUESSES:
        raise _refusal("password_too_weak", "Easy to guess. Add a word or two that do not belong together.")


def is_verifiable(password: str) -> bool:
    """Whether a password may be hashed at all: text of at most 1024 bytes in UTF-8."""
    try:
        return len(password.encode()) <= MAX_BYTES
    except UnicodeEncodeError:
        return False


def _refusal(code: str, reason: str) -> Refusal:
    return Refusal.invalid(code, f"The password cannot be used. {reason}", FieldError("$.password", reason))
