"""Text that people type: names, reasons."""

from nexus_actors.typed_line import one_line


def person_name(value: str) -> str:
    """The name of a person: a line with a letter in it.

    Raises:
        ValueError: it is none.
    """
    name = one_line(value)
    if not any(character.isalpha() for character in name):
        raise ValueError("It has no letter. Give the name that people call them by.")
    return name


def reason(value: str) -> str:
    """Why something is done: a line of up to 200 characters.

    Raises:
        ValueError: it is none.
    """
    return one_line(value, 200)
