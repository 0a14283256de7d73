"""Names keep to the words of docs/glossary.md."""

import ast
import re
from collections.abc import Iterator
from typing import Final

import click
import pytest
from msgspec import Struct

from nexus_actors.cli.main import nexus
from nexus_actors.telemetry import definitions
from tests.test_laws import CHECKOUT, FILES, relative

GLOSSARY: Final = CHECKOUT / "docs/glossary.md"


class Word(Struct, frozen=True):
    """A line of the glossary: a word, the classes that stand for it, and the words that are not to be used."""

    word: str
    classes: tuple[str, ...]
    others: tuple[str, ...]


def words_in(text: str) -> Iterator[Word]:
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 4 and cells[0] != "word":
            yield Word(cells[0], tuple(re.findall(r"`(\w+)`", cells[2])), tuple(filter(None, cells[3].split(", "))))


def other_things(text: str) -> set[str]:
    """Names that the glossary lets be, for they name something else."""
    [line] = [line for line in text.splitlines() if line.startswith("Names of other things")]
    return set(re.findall(r"`([^`]+)`", line))


OTHER_THINGS: Final = other_things(GLOSSARY.read_text(encoding="utf-8"))
WORDS: Final = list(words_in(GLOSSARY.read_text(encoding="utf-8")))


def classes() -> Iterator[tuple[str, str]]:
    """The classes of the bus and the runtime, with their files."""
    for file in FILES:
        if relative(file).startswith(("bus/", "nexus_actors/")):
            nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            yield from ((node.name, relative(file)) for node in nodes if isinstance(node, ast.ClassDef))


def spoken(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """The names of a command, of its options, and of the commands in it."""
    yield name, f"./nexus {name}"
    for parameter in command.params:
        yield from ((option, f"./nexus {name} {option}") for option in parameter.opts)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from spoken(found, f"{name} {inner}".removeprefix("nexus "))


def metrics() -> Iterator[tuple[str, str]]:
    found = [value for value in vars(definitions).values() if isinstance(value, definitions.Metric)]
    yield from ((metric.name, "metrics") for metric in found)


def parts(name: str) -> list[str]:
    """The words that a name is made of, in lower case and in the singular: ``DeadLetters`` is dead, letter."""
    return [part.lower().removesuffix("s") for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def is_in(word: str, name: str) -> bool:
    """Whether a name has a word, or the words of one, in it."""
    wanted, given = parts(word), parts(name)
    return any(given[start : start + len(wanted)] == wanted for start in range(len(given)))


NAMES: Final = [*classes(), *spoken(nexus, "nexus"), *metrics()]


def test_no_name_has_another_word_for_a_thing() -> None:
    assert len(NAMES) > 300
    wrong = {
        f"{name} ({place}): say {word.word}, not {other}": name
        for name, place in NAMES
        for word in WORDS
        for other in word.others
        if is_in(other, name)
    }
    assert not [said for said, name in wrong.items() if name not in OTHER_THINGS]
    assert set(wrong.values()) == OTHER_THINGS


def test_the_glossary_names_what_is_there_in_order_and_once() -> None:
    there = {name for name, _ in classes()}
    assert [name for word in WORDS for name in word.classes if name not in there] == []
    terms = [word.word for word in WORDS]
    assert len(terms) > 40
    assert terms == sorted(set(terms))
    avoided = [other for word in WORDS for other in word.others]
    assert len(avoided) == len(set(avoided))
    assert not set(avoided) & set(terms)


@pytest.mark.parametrize(
    ("word", "name", "found"),
    [
        ("queue", "MessageQueue", True),
        ("queue", "--queues", True),
        ("queue", "QueuedJob", False),
        ("dead letter", "DeadLetterBook", True),
        ("dead letter", "LetterDead", False),
        ("offset", "nexus_offsets_total", True),
        ("dao", "VehicleDAO", True),
        ("ack", "Packing", False),
    ],
)
def test_a_word_is_found_in_a_name(word: str, name: str, found: bool) -> None:
    assert is_in(word, name) is found
