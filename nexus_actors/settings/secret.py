"""A text that must not be seen."""

from hmac import compare_digest
from typing import NoReturn

from typing_extensions import override

MASK = "***"


class Secret:
    """A password or key. It never prints, encodes or pickles; ``reveal`` is the one way to its text.

    It is no ``str``, because a subclass of ``str`` shows its text to every formatter and encoder that does not know it.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. Hand it to what needs it, and keep it nowhere else."""
        return self._text

    @override
    def __repr__(self) -> str:
        return f"Secret({MASK})"

    @override
    def __str__(self) -> str:
        return MASK

    @override
    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __len__(self) -> int:
        return len(self._text)

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return compare_digest(self._text.encode(), other._text.encode())

    @override
    def __hash__(self) -> int:
        return hash((Secret, self._text))

    @override
    def __reduce__(self) -> NoReturn:
        message = "A secret is never pickled or copied to another process; pass it by environment or file."
        raise TypeError(message)
