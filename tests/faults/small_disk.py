"""A disk that is full whenever a test wants it: a tmpfs, whose size is cut to what is on it. Linux, as root."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_ROOMY: Final = "2g"
_ATTEMPTS: Final = 50


class NoSmallDisk(Exception):
    """This machine does not let us mount one; the message says why."""


class SmallDisk:
    """Takes the place of a folder, with all that is in it. Whatever uses the folder has to be stopped while it is mounted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def mount(self) -> None:
        """Move the folder's content onto a disk of its own.

        Raises:
            NoSmallDisk: not root, or not allowed to.
        """
        if os.geteuid() != 0:
            raise NoSmallDisk("To mount a small disk takes root.")
        status, aside = self._folder.stat(), self._folder.with_name(f"{self._folder.name}.aside")
        shutil.move(self._folder, aside)
        self._folder.mkdir()
        try:
            _mount(
                "-t", "tmpfs", "-o", f"size={_ROOMY},mode=0700,uid={status.st_uid},gid={status.st_gid}", "tmpfs", self._folder
            )
        except NoSmallDisk:
            self._folder.rmdir()
            shutil.move(aside, self._folder)
            raise
        _run("cp", "--archive", f"{aside}/.", str(self._folder))
        shutil.rmtree(aside)

    def unmount(self) -> None:
        """Give it up, with all that is on it."""
        _run("umount", "--lazy", str(self._folder))

    @contextmanager
    def full(self) -> Iterator[None]:
        """While the block runs, nothing can be added to it."""
        self._cut()
        try:
            yield
        finally:
            _mount("-o", f"remount,size={_ROOMY}", self._folder)

    def _cut(self) -> None:
        for _ in range(_ATTEMPTS):
            space = os.statvfs(self._folder)
            used = (space.f_blocks - space.f_bfree) * space.f_frsize
            try:
                _mount("-o", f"remount,size={used}", self._folder)
            except NoSmallDisk:
                continue  # somebody has written in between
            return
        raise NoSmallDisk(f"{self._folder} grows faster than it can be cut.")


def _mount(*arguments: str | Path) -> None:
    _run("mount", *map(str, arguments))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoSmallDisk(f"`{' '.join(command)}` failed: {done.stderr.strip() or done.returncode}.")
