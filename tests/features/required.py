"""What each service must prove: the file `features.toml` beside its tests, a number and a title for each feature."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

FILE: Final = "features.toml"


class Named(NamedTuple):
    """A feature, an invariant, a bad input or an attack: whose it is, and its number there (``W3``)."""

    service: str
    number: str


class FeatureError(Exception):
    """What services must prove, or what tests say that they prove, cannot be read."""


class _File(Struct, forbid_unknown_fields=True):
    service: str
    features: dict[str, str]


def required(tests: Path) -> dict[Named, str]:
    """The titles of all that must be proved, in the order of the files.

    Args:
        tests: the folder in which the files are searched.

    Raises:
        FeatureError: a file is not of this form, or two are of one service.
    """
    found: dict[Named, str] = {}
    services: dict[str, Path] = {}
    for path in sorted(tests.rglob(FILE)):
        service, features = _read(path)
        if (first := services.setdefault(service, path)) != path:
            raise FeatureError(f"{path} and {first} are both of {service}. Write its features into one of them.")
        found.update(features)
    return found


def _read(path: Path) -> tuple[str, Iterator[tuple[Named, str]]]:
    try:
        file = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        form = 'service = "wallet-ms", and under [features] lines like W3 = "Holds expire"'
        raise FeatureError(f"{path}: {error}. Write {form}.") from error
    return file.service, ((Named(file.service, number), title) for number, title in file.features.items())
