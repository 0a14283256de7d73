"""Debian's packages, installed for tests that need their programs."""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_POLICY: Final = Path("/usr/sbin/policy-rc.d")
_ATTEMPTS: Final = 2
_AGAIN_S: Final = 5
_INSTALLS_WITHIN_S: Final = 300


class Absent(Exception):
    """Raised when what a test needs cannot be had here; the message says why."""


def install(packages: Sequence[str], *, unless: Callable[[], bool]) -> None:
    """Install packages. Processes that come at once wait for one.

    Args:
        unless: whether their programs are there, so that nothing is to be done.

    Raises:
        Absent: they cannot be installed.
    """
    if unless():
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Absent(f"Debian's {', '.join(packages)} are missing, and only root can install them, where apt-get is.")
    with _alone():
        if not unless():
            _install(packages)


@contextmanager
def _alone() -> Iterator[None]:
    with (Path(tempfile.gettempdir()) / "nexus-tests-debian.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(packages: Sequence[str]) -> None:
    said = ""
    with _services_stay_down():
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(_AGAIN_S)  # noqa: TID251 - no event loop runs here
            # The index of a fresh machine is empty, and an old one names packages that are gone.
            steps = (["update"], ["install", "--yes", "--no-install-recommends", *packages])
            said = next((failed for step in steps if (failed := _apt_get(*step))), "")
            if not said:
                return
    raise Absent(f"apt-get could not install {', '.join(packages)}:\n{said}")


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
