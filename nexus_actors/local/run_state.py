"""What is known of a platform that runs on this machine, for other processes to read."""

from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from nexus_actors.local.private_file import write_private

Phase = Literal["starting", "up", "stopping"]


class WorkerState(Struct, frozen=True, kw_only=True):
    """A worker process.

    Attributes:
        number: counts from 1; a worker that is started again keeps it.
        pid: its process id; None while it is down.
        born_at: when that process began by the kernel's count, in seconds since 1970. With the process id it names a
            process for good, for process ids are given out again.
        restarts: how often it has been started again.
        trouble: why it ended last, where it ends again and again; empty where it does not.
    """

    number: int
    pid: int | None = None
    born_at: float | None = None
    restarts: int = 0
    trouble: str = ""


class RunState(Struct, frozen=True, kw_only=True):
    """A platform that runs, or that was running when it was killed.

    Attributes:
        pid: the supervisor's process id.
        services: names of the services that run.
        database_url: with the password, so the file is for its owner alone.
        redis_url: likewise.
        redis_prefix: stands before every key.
        embedded: titles of the servers that the supervisor runs itself.
    """

    pid: int
    phase: Phase
    started_at: datetime
    services: tuple[str, ...]
    host: str
    port_offset: int
    database_url: str
    redis_url: str
    redis_prefix: str
    embedded: tuple[str, ...] = ()
    workers: tuple[WorkerState, ...] = ()


def load_state(file: Path) -> RunState | None:
    """The state in a file; None where there is none that can be read, such as one of another release."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=RunState)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def save_state(file: Path, state: RunState) -> None:
    """Replace the state in a file, whole or not at all."""
    write_private(file, msgspec.json.format(msgspec.json.encode(state)))
