"""The log of a process that we start: a file that does not grow for ever."""

import os
import shutil
from pathlib import Path

LIMIT_BYTES = 32 * 1024 * 1024


def open_log(file: Path) -> int:
    """Open a log for a process to append to (mode 600). A long one is put aside first."""
    put_aside(file)
    return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def put_aside(file: Path, limit_bytes: int = LIMIT_BYTES) -> bool:
    """Move what a log says to ``<name>.1`` where it is over the limit; whether that was so.

    It is copied and emptied, since a process goes on writing to the open file; a line that it writes in between is lost.
    """
    if not file.exists() or file.stat().st_size <= limit_bytes:
        return False
    shutil.copy2(file, file.with_name(f"{file.name}.1"))
    os.truncate(file, 0)
    return True


def last_lines(file: Path, count: int | None = None, within_bytes: int = 4 * 1024 * 1024) -> list[str]:
    """The last lines of a file; none where there is no file.

    Args:
        count: so many; None for all.
        within_bytes: how much of its end is looked at.
    """
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - within_bytes))
            text = stream.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    lines = text.splitlines()
    # The first one is cut, unless the file was read from its beginning.
    lines = lines[1:] if size > within_bytes else lines
    return lines if count is None else lines[len(lines) - count :] if count < len(lines) else lines


class FileTail:
    """Reads what is added to a file from now on."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = file.stat().st_size
        self._rest = b""

    def new_lines(self) -> list[str]:
        """The lines that have been added since the last call. A file that was emptied is read from its beginning."""
        with self._file.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            if size < self._offset:
                self._offset, self._rest = 0, b""
            stream.seek(self._offset)
            added = stream.read()
        self._offset += len(added)
        *lines, self._rest = (self._rest + added).split(b"\n")
        return [line.decode(errors="replace") for line in lines]
