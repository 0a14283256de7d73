"""Bringing a schema to what this release needs: forward only, each step once, one process at a time."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import anyio
from asyncpg import PostgresError
from msgspec import Struct

from nexus_actors.errors import MigrationError
from nexus_actors.postgres.atomic import atomic, cut
from nexus_actors.postgres.lost import is_gone, is_lost, unavailable_when_lost
from nexus_actors.postgres.migration import Migration, MigrationSource, read_migrations
from nexus_actors.postgres.session import put_session, read_session

if TYPE_CHECKING:
    from nexus_actors.postgres.atomic import AnyConnection

BREAKS: Final = "breaks_"
"""A step whose name begins so takes away what earlier releases need: they refuse to start from then on. Beside all other steps
they go on, so that releases run side by side, and one can go back."""

_NOT_NOW: Final = "NX002"
"""The code of the error by which a step says that it cannot be taken for now: nothing is wrong with it."""
_MAX_NAME: Final = 63
_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)
# asyncpg applies a connection's command timeout unless it is given another; building an index may take hours.
_NO_TIMEOUT_S: Final = 7 * 86_400.0
_UNLOCK_S: Final = 5.0

_LEDGER: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    source text NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, version)
)
"""
_READ: Final = "SELECT source, version, name, sha256, applied_at FROM {schema}.schema_migrations ORDER BY source, version"
_WRITE: Final = (
    "INSERT INTO {schema}.schema_migrations (source, version, name, sha256) VALUES ($1, $2, $3, $4) RETURNING applied_at"
)


class Applied(Struct, frozen=True):
    """A step that the schema has taken."""

    source: str
    version: int
    name: str
    sha256: str
    applied_at: datetime


def schema_of(service: str) -> str:
    """The schema of a service: ``tracker-ms`` has ``tracker_ms``.

    Raises:
        MigrationError: the name cannot be a schema's.
    """
    return _checked_schema(service.replace("-", "_"))


async def migrate(connection: "AnyConnection", schema: str, sources: Sequence[MigrationSource]) -> list[Applied]:
    """Apply to a schema what it has not seen yet, source by source, and make the schema where it is not there.

    Each step runs in a transaction of its own, with the schema first in its ``search_path``; the numbers are kept in the
    schema's table ``schema_migrations``. While one process migrates a schema, others wait for it and then find nothing to do.

    Returns:
        What was applied now, in order.

    Raises:
        MigrationError: the files break the rules (see ``read_migrations``), differ from what was applied, or one of them fails;
            or the schema has taken a step that this release cannot work with (see `BREAKS`). The steps before it stay; nothing
            of it does.
        DatabaseUnavailable: the connection was lost.
    """
    _checked_schema(schema)
    known = {source.name: read_migrations(source) for source in sources}
    if len(known) < len(sources):
        raise MigrationError(f"Two migration sources of schema {schema} have the same name.")
    with unavailable_when_lost(connection):
        async with alone(connection, schema):
            await _make_schema(connection, schema)
            applied = await _read_applied(connection, schema)
            pending = [step for name, steps in known.items() for step in _pending(schema, name, steps, applied)]
            return [await _apply(connection, schema, step) for step in pending]


def breaking(applied: Sequence[Applied]) -> list[str]:
    """Which of these steps earlier releases cannot work with, each once. What a schema takes as it is made keeps nobody out."""
    found: dict[str, None] = {}
    is_new, next_one = False, ("", 0)
    for step in applied:
        is_new = step.version == 1 or (is_new and next_one == (step.source, step.version))
        next_one = step.source, step.version + 1
        if step.name.startswith(BREAKS) and not is_new:
            found[f"{step.source}/{step.version:04d}_{step.name}"] = None
    return list(found)


async def applied_migrations(connection: "AnyConnection", schema: str) -> list[Applied]:
    """The steps that a schema has taken, by source and number; none where it has never been migrated.

    Raises:
        DatabaseUnavailable: the connection was lost.
    """
    _checked_schema(schema)
    with unavailable_when_lost(connection):
        if await connection.fetchval("SELECT to_regclass($1)", f"{schema}.schema_migrations") is None:
            return []
        return list((await _read_applied(connection, schema)).values())


def _pending(
    schema: str, source: str, steps: Sequence[Migration], applied: Mapping[tuple[str, int], Applied]
) -> list[Migration]:
    newest = max((version for name, version in applied if name == source), default=0)
    for version in range(len(steps) + 1, newest + 1):
        ahead = applied[source, version]
        if ahead.name.startswith(BREAKS):
            raise MigrationError(
                f"Schema {schema} has taken {source}/{version:04d}_{ahead.name}.sql, which this release cannot work with: the "
                "database belongs to a later release. Start that one, or restore a backup made before it."
            )
    for step in steps[:newest]:
        before = applied[source, step.version]
        if before.sha256 != step.sha256:
            raise MigrationError(
                f"{step.file} is not what schema {schema} took on {before.applied_at:%Y-%m-%d} (sha256 {before.sha256[:12]} "
                f"then, {step.sha256[:12]} now). Put the file back as it was, and write the change as a new migration."
            )
    return list(steps[newest:])


async def _apply(connection: "AnyConnection", schema: str, step: Migration) -> Applied:
    try:
        async with atomic(connection):
            await connection.execute(f"SET LOCAL search_path TO {schema}, nexus")
            await connection.execute(step.sql, timeout=_NO_TIMEOUT_S)
            at = await connection.fetchval(_WRITE.format(schema=schema), step.source, step.version, step.name, step.sha256)
    except PostgresError as error:
        if is_lost(error):
            raise
        if error.sqlstate == _NOT_NOW:
            raise MigrationError(f"{step.file} cannot be applied to schema {schema} now: {error}.") from error
        raise MigrationError(
            f"{step.file} failed in schema {schema}{_place(step.sql, error)}: {error}. Nothing of it was applied; mend the "
            "file and start again."
        ) from error
    return Applied(step.source, step.version, step.name, step.sha256, at)


async def _read_applied(connection: "AnyConnection", schema: str) -> dict[tuple[str, int], Applied]:
    rows = await connection.fetch(_READ.format(schema=schema))
    return {(row["source"], row["version"]): Applied(*row) for row in rows}


@asynccontextmanager
async def alone(connection: "AnyConnection", schema: str) -> AsyncIterator[None]:
    """Hold the schema's advisory lock. Waiting for it, and the steps themselves, may take longer than statements usually do."""
    key = int.from_bytes(sha256(f"nexus migrations of {schema}".encode()).digest()[:8], "big", signed=True)
    session = await read_session(connection)
    await connection.execute("SET statement_timeout = 0; SET lock_timeout = 0")
    try:
        await connection.fetchval("SELECT pg_advisory_lock($1)", key, timeout=_NO_TIMEOUT_S)
        # Steps wait for tables that others use, and are not to make everybody wait behind them for long.
        await connection.execute("SET lock_timeout = '10s'")
        yield
    finally:
        await _unlock(connection, session)


async def _unlock(connection: "AnyConnection", session: dict[str, str]) -> None:
    """Give the lock up, and leave the session as it was, whatever the steps have set in it."""
    with anyio.move_on_after(_UNLOCK_S, shield=True) as scope:
        if not is_gone(connection):
            await connection.execute("SELECT pg_advisory_unlock_all(); RESET ALL")
            # Behind a pooler this went back to the server's settings, not to ours.
            await put_session(connection, session)
    if scope.cancelled_caught:
        cut(connection)


async def _make_schema(connection: "AnyConnection", schema: str) -> None:
    """Make what is missing. A role that owns its schema, and may not make others, finds nothing to make."""
    async with atomic(connection):
        if await connection.fetchval("SELECT to_regnamespace($1)", schema) is None:
            await connection.execute(f"CREATE SCHEMA {schema}")
        await connection.execute(f"SET LOCAL search_path TO {schema}")
        await connection.execute(_LEDGER)


def _checked_schema(schema: str) -> str:
    """Names of schemas are put into statements as they are, so nothing but a plain name passes."""
    if len(schema) > _MAX_NAME or not _SCHEMA.fullmatch(schema) or schema.startswith("pg_"):
        raise MigrationError(f"{schema!r} cannot be a schema's name; use lower-case letters, digits and _, not pg_ in front.")
    return schema


def _place(sql: str, error: PostgresError) -> str:
    position = getattr(error, "position", None)
    if not position:
        return ""
    return f" at line {sql.count(chr(10), 0, int(position) - 1) + 1}"
