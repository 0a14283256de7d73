"""Files that only their owner may read."""

import os
from pathlib import Path


def write_private(file: Path, content: bytes) -> None:
    """Replace a file's content, whole or not at all (mode 600)."""
    unfinished = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    unfinished.replace(file)
