"""Changes that expect a version."""

from bus import Refusal


def check_version(what: str, actual: int, expected: int | None) -> None:
    """Let a change through that expects no version, or the one that is there.

    Raises:
        Refusal: the thing has moved on.
    """
    if expected is not None and expected != actual:
        detail = f"The {what} is at version {actual}, not {expected}. Read it again and repeat the change on what you find."
        raise Refusal.precondition("version_mismatch", detail)
