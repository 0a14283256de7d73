"""One deliberate break of one mechanism, as a change of text."""

from pathlib import Path

from msgspec import Struct


class StaleMutation(Exception):
    """The text that a mutation replaces is not in its file exactly once: the code has changed, and the mutation must too."""


class Mutation(Struct, frozen=True):
    """A break that the tests must notice.

    Attributes:
        guarantee: what is promised.
        broken: what does not hold any more.
        file: where, from the checkout's folder.
        old: the text to replace; it stands there exactly once.
        new: what replaces it.
        tests: the arguments of pytest that select the tests which must fail, as few as will do.
    """

    guarantee: str
    broken: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def mutated(self, checkout: Path) -> str:
        """The file's text with the break in it.

        Raises:
            StaleMutation: the text to replace is not found exactly once.
        """
        text = (checkout / self.file).read_text(encoding="utf-8")
        if (found := text.count(self.old)) != 1:
            raise StaleMutation(
                f"{self.file} has {self.old!r} {found} times, not once. Fit the mutation {self.broken!r} to it."
            )
        return text.replace(self.old, self.new)

    def apply(self, checkout: Path) -> None:
        """Break the file.

        Raises:
            StaleMutation: as `mutated`.
        """
        (checkout / self.file).write_text(self.mutated(checkout), encoding="utf-8")
