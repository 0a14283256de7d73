"""Names of persons."""

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
