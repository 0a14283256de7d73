"""Debian's PostgreSQL, Redis and PgBouncer: installed where this is root and they are missing."""

from pathlib import Path
from typing import Final, NamedTuple

from tests.packages import Absent, install

_PACKAGES: Final = ("postgresql", "redis-server", "pgbouncer")


class Debian(NamedTuple):
    """Where the programs are.

    Attributes:
        postgres: the folder above PostgreSQL's `bin`.
    """

    postgres: Path
    redis_server: Path
    pgbouncer: Path


def provide() -> Debian:
    """Find the programs, and install their packages first where they are missing. Processes that come at once wait for one.

    Raises:
        Absent: they are missing and cannot be installed.
    """
    if (found := _find()) is not None:
        return found
    install(_PACKAGES, unless=lambda: _find() is not None)
    if (found := _find()) is None:
        raise Absent(f"{', '.join(_PACKAGES)} were installed, but their programs are not where Debian has them.")
    return found


def _find() -> Debian | None:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_basebackup"), key=lambda path: int(path.parts[-3]))
    redis, pgbouncer = Path("/usr/bin/redis-server"), Path("/usr/sbin/pgbouncer")
    if not versions or not versions[-1].with_name("postgres").exists() or not redis.exists() or not pgbouncer.exists():
        return None
    return Debian(versions[-1].parent.parent, redis, pgbouncer)
