"""Debian's PostgreSQL, Redis and PgBouncer: installed where this is root and they are missing."""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

_PACKAGES: Final = ("postgresql", "redis-server", "pgbouncer")
_POLICY: Final = Path("/usr/sbin/policy-rc.d")
_ATTEMPTS: Final = 2
_AGAIN_S: Final = 5
_INSTALLS_WITHIN_S: Final = 300


class Absent(Exception):
    """Raised when the packages cannot be had here; the message says why."""


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
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Absent(f"Debian's {', '.join(_PACKAGES)} are missing, and only root can install them, where apt-get is.")
    with _alone():
        if _find() is None:
            _install()
    if (found := _find()) is None:
        raise Absent(f"{', '.join(_PACKAGES)} were installed, but their programs are not where Debian has them.")
    return found


def _find() -> Debian | None:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_basebackup"), key=lambda path: int(path.parts[-3]))
    redis, pgbouncer = Path("/usr/bin/redis-server"), Path("/usr/sbin/pgbouncer")
    if not versions or not versions[-1].with_name("postgres").exists() or not redis.exists() or not pgbouncer.exists():
        return None
    return Debian(versions[-1].parent.parent, redis, pgbouncer)


@contextmanager
def _alone() -> Iterator[None]:
    with (Path(tempfile.gettempdir()) / "nexus-tests-debian.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install() -> None:
    said = ""
    with _services_stay_down():
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(_AGAIN_S)  # noqa: TID251 - no event loop runs here
            # The index of a fresh machine is empty, and an old one names packages that are gone.
            steps = (["update"], ["install", "--yes", "--no-install-recommends", *_PACKAGES])
            said = next((failed for step in steps if (failed := _apt_get(*step))), "")
            if not said:
                return
    raise Absent(f"apt-get could not install {', '.join(_PACKAGES)}:\n{said}")


def _apt_get(*arguments: str) -> str:
    """What it said, where it failed."""
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-o", f"DPkg::Lock::Timeout={_INSTALLS_WITHIN_S}", *arguments]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=2 * _INSTALLS_WITHIN_S)
    return (done.stderr or done.stdout)[-2_000:] if done.returncode else ""


@contextmanager
def _services_stay_down() -> Iterator[None]:
    """The packages start their services unless this file says no (Debian's invoke-rc.d(8))."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()
