"""The account that PostgreSQL runs under, since it refuses to run as root."""

import os
import pwd
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from nexus_actors.embedded.errors import EmbeddedServerError

_CANDIDATES = ("postgres", "nobody")


class Account(NamedTuple):
    """A user of this machine without privileges."""

    uid: int
    gid: int

    @property
    def identity(self) -> str:
        """As launch.py reads it."""
        return f"{self.uid}:{self.gid}"


def server_account(folder: Path) -> Account | None:
    """The account to switch to, or None where this process is not root and stays who it is.

    Data that are there already stay with the account that owns them.

    Raises:
        EmbeddedServerError: this is root and there is nobody to switch to.
    """
    if os.geteuid() != 0:
        return None
    if not sys.platform.startswith("linux") or not Path("/proc/self/cwd").exists():
        raise EmbeddedServerError(
            "PostgreSQL does not run as root. Start as an ordinary user, or name a server in NEXUS_DATABASE_URL."
        )
    if folder.exists() and folder.stat().st_uid != 0:
        return Account(folder.stat().st_uid, folder.stat().st_gid)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        "PostgreSQL does not run as root, and this machine has neither an account `postgres` nor `nobody` to run it "
        "under. Add one, start as an ordinary user, or name a server in NEXUS_DATABASE_URL."
    )


def may_read(account: Account, paths: Iterable[Path]) -> bool:
    """Whether the account can reach and read these files and folders, by their permission bits."""
    return all(_may(account, path.resolve()) for path in paths)


def _may(account: Account, path: Path) -> bool:
    status = path.stat()
    needed = stat.S_IROTH | stat.S_IXOTH if path.is_dir() or os.access(path, os.X_OK) else stat.S_IROTH
    if not _allows(account, status, needed):
        return False
    return all(_allows(account, parent.stat(), stat.S_IXOTH) for parent in path.parents)


def _allows(account: Account, status: os.stat_result, needed: int) -> bool:
    if status.st_uid == account.uid:
        granted = status.st_mode >> 6
    elif status.st_gid == account.gid:
        granted = status.st_mode >> 3
    else:
        granted = status.st_mode
    return granted & needed == needed
