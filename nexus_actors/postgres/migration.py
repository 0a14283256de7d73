"""One step of a schema's growth: a numbered file of SQL."""

import re
from hashlib import sha256
from importlib.resources.abc import Traversable
from typing import Final

from msgspec import Struct

from nexus_actors.errors import MigrationError
from nexus_actors.postgres.statement import CONTROL, first_words

_FILE: Final = re.compile(r"([0-9]{4})_([a-z0-9_]+)\.sql", re.ASCII)
_SOURCE: Final = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)


class MigrationSource(Struct, frozen=True):
    """A folder of migrations that are numbered together.

    Attributes:
        name: under which their numbers are kept (``runtime``, ``service``): lower case, never changed.
        folder: where the files ``0001_what_it_does.sql``, ``0002_...`` are: a ``Path`` or ``importlib.resources.files(...)``.
    """

    name: str
    folder: Traversable


class Migration(Struct, frozen=True):
    """A step. ``sha256`` is over its text, whatever its line ends were, in hexadecimal digits."""

    source: str
    version: int
    name: str
    sql: str
    sha256: str

    @property
    def file(self) -> str:
        """Its file, for messages: ``service/0002_add_plate.sql``."""
        return f"{self.source}/{self.version:04d}_{self.name}.sql"


def read_migrations(source: MigrationSource) -> list[Migration]:
    """The steps of a source, in order.

    Raises:
        MigrationError: the folder is not there; a file's name, a gap or a repetition in the numbers breaks the rule; a file is
            empty, is no UTF-8, or begins or ends transactions by itself. SQL functions with a ``BEGIN ATOMIC`` body are taken
            for the latter: write their body between ``$$``.
    """
    if not _SOURCE.fullmatch(source.name):
        raise MigrationError(f"{source.name!r} is no name of a migration source; use lower-case letters, digits and _.")
    if not source.folder.is_dir():
        raise MigrationError(f"There is no folder of migrations at {source.folder}.")
    files = sorted((entry for entry in source.folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    migrations = [_read(source.name, entry) for entry in files]
    for expected, migration in enumerate(migrations, start=1):
        if migration.version < expected:
            twin = migrations[expected - 2]
            raise MigrationError(f"{twin.file} and {migration.file} have the same number; give the later one the next number.")
        if migration.version > expected:
            raise MigrationError(f"Number {expected:04d} is missing before {migration.file}; numbers go up by one from 0001.")
    return migrations


def _read(source: str, entry: Traversable) -> Migration:
    match = _FILE.fullmatch(entry.name)
    if match is None or not int(match[1]):
        raise MigrationError(f"{source}/{entry.name} is no name of a migration; write it as 0001_what_it_does.sql.")
    try:
        sql = entry.read_text(encoding="utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise MigrationError(f"{source}/{entry.name} is not UTF-8: {error}.") from error
    migration = Migration(source, int(match[1]), match[2], sql, sha256(sql.encode()).hexdigest())
    _check_statements(migration)
    return migration


def _check_statements(migration: Migration) -> None:
    words = first_words(migration.sql)
    if not words:
        raise MigrationError(f"{migration.file} has no statement in it.")
    for word in words:
        if word in CONTROL:
            raise MigrationError(
                f"{migration.file} has a statement {word.upper()}; each migration runs in one transaction that the runtime "
                "begins and ends."
            )
