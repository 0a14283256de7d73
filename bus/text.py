"""Text that comes from code or people, on its way into the database, an answer or a log line."""

from typing import Final

CUT: Final = "..."


def storable(text: str, longest: int, *, keep_end: bool = False) -> str:
    r"""The text as UTF-8, PostgreSQL and JSON can hold it: ``\udcff`` for half a surrogate pair, ``\0`` for NUL, bounded.

    `os.fsdecode` makes half surrogate pairs of file names that are no UTF-8, and messages of errors quote whatever they met.

    Args:
        longest: of the result, in characters. What is longer is cut, and marked with ``...`` there.
        keep_end: cut it at the front.
    """
    # Cut first too: so much work it is at most.
    clean = _cut(text, longest, keep_end=keep_end)
    if not clean.isascii():
        clean = clean.encode(errors="backslashreplace").decode()
    return _cut(clean.replace("\0", "\\0"), longest, keep_end=keep_end)


def _cut(text: str, longest: int, *, keep_end: bool) -> str:
    if len(text) <= longest:
        return text
    kept = longest - len(CUT)
    return CUT + text[len(text) - kept :] if keep_end else text[:kept] + CUT


def is_storable(text: str) -> bool:
    """Whether a text has neither NUL nor half a surrogate pair, so that `storable` would only cut it."""
    if text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def error_text(error: BaseException, longest: int = 2_000) -> str:
    """What an error says, storable. Where its text cannot be made, that is said: its class is anybody's."""
    try:
        text = str(error)
    except Exception as fault:  # noqa: BLE001 - whatever its __str__ raises
        text = f"({type(error).__name__}, whose text cannot be made: its __str__ raises {type(fault).__name__})"
    return storable(text, longest)
