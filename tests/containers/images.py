"""The images: a base from Debian's archive, ours upon it; PostgreSQL and Redis as Debian has them."""

import hashlib
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.containers.engine import Engine, said

CHECKOUT: Final = Path(__file__).resolve().parents[2]
BASE: Final = "nexus-test-base"
STORES: Final = "nexus-test-stores"
POSTGRES: Final = "nexus-test-postgres"
REDIS: Final = "nexus-test-redis"
IMAGE: Final = "nexus-cos:containers-test"
_SUITE: Final = "bookworm"
_MIRROR: Final = "http://deb.debian.org/debian"
_INCLUDED: Final = "python3,python3-venv,ca-certificates"
# Debian 12: CPython 3.11 and glibc 2.36.
_PYTHON: Final = ("--python-version=3.11", "--implementation=cp", "--abi=cp311", "--abi=abi3", "--abi=none")
_GLIBC_MINORS: Final = range(36, 4, -1)
_FOLDER: Final = Path(__file__).parent / "images"


def build(engine: Engine, cache: Path, work: Path) -> None:
    """Build all of them.

    Args:
        cache: where what comes from the network is kept for the next time.
    """
    cache.mkdir(parents=True, exist_ok=True)
    engine.docker("import", str(_base(cache, work)), BASE)
    context = work / "context"
    _copy_checkout(context)
    shutil.copytree(_wheels(cache, work), context / "deploy" / "wheels")
    dockerfile = context / "deploy" / "Dockerfile"
    engine.docker(
        "build", "--network=none", f"--build-arg=BASE_IMAGE={BASE}", f"--file={dockerfile}", f"--tag={IMAGE}", str(context)
    )
    engine.docker("build", "--network=host", f"--build-arg=BASE_IMAGE={BASE}", f"--tag={STORES}", str(_FOLDER / "stores"))
    for name in (POSTGRES, REDIS):
        folder = _FOLDER / name.rpartition("-")[2]
        engine.docker("build", "--network=none", f"--build-arg=STORES_IMAGE={STORES}", f"--tag={name}", str(folder))


def _base(cache: Path, work: Path) -> Path:
    """Debian with Python, as an archive."""
    archive = cache / f"{_SUITE}.tar"
    if not archive.exists():
        root = work / "root"
        command = ["debootstrap", "--variant=minbase", f"--include={_INCLUDED}", _SUITE, str(root), _MIRROR]
        said(command, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, 900)
        unfinished = archive.with_suffix(".part")
        said(["tar", "--directory", str(root), "--create", "--file", str(unfinished), "."], {"PATH": "/usr/bin:/bin"})
        unfinished.replace(archive)
        shutil.rmtree(root)
    return archive


def _wheels(cache: Path, work: Path) -> Path:
    """The wheels of the lock, so that the image builds without a network."""
    lock = (CHECKOUT / "deploy/locks/requirements.lock").read_text()
    folder = cache / f"wheels-{hashlib.sha256(lock.encode()).hexdigest()[:16]}"
    if not folder.exists():
        everything = work / "everything.lock"
        # pip judges the markers by the Python that runs it, not by the one in the image: take all.
        everything.write_text(re.sub(r" ; [^\\]*", " ", lock))
        said([sys.executable, "-m", "venv", str(work / "pip")], {"PATH": "/usr/bin:/bin"})
        unfinished = folder.with_suffix(".part")
        command = [str(work / "pip" / "bin" / "python"), "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps"]
        command += ["--only-binary=:all:", *_PYTHON, *_platforms(), f"--requirement={everything}", f"--dest={unfinished}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        unfinished.replace(folder)
    return folder


def _platforms() -> Iterator[str]:
    machine = platform.machine()
    yield from (f"--platform=manylinux_2_{minor}_{machine}" for minor in _GLIBC_MINORS)
    yield from (f"--platform={name}_{machine}" for name in ("manylinux2014", "manylinux2010", "manylinux1", "linux"))


def _copy_checkout(context: Path) -> None:
    """What git knows or would take up: nothing that lies about gets into the image."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=CHECKOUT, capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (CHECKOUT / name).is_file():
            (context / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(CHECKOUT / name, context / name)
