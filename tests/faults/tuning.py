"""What a fault changes in a running worker and sees of it, through a file that both map into their memory."""

import os
from datetime import datetime, timedelta
from mmap import mmap
from pathlib import Path
from struct import Struct
from typing import ClassVar, Final

from nexus_actors.worker.worker import utc_now

FILE: Final = "FAULTS_TUNING"
_VALUES: Final = Struct("<d")
_PLACES: Final = 3


class Tuning:
    """A worker's clock and its slowness, both changeable at any time, and what it is at.

    Args:
        file: made where it is absent.

    Attributes:
        here: that of this process, where it is a worker.
    """

    here: "ClassVar[Tuning | None]" = None

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_bytes(_VALUES.pack(0) * _PLACES)
        with file.open("r+b") as opened:
            self._map = mmap(opened.fileno(), _VALUES.size * _PLACES)

    @classmethod
    def take(cls) -> "Tuning":
        """Obey the one that the variable names."""
        cls.here = cls(Path(os.environ[FILE]))
        return cls.here

    @property
    def clock_offset_s(self) -> float:
        """By how much the worker's clock is ahead of the system's."""
        return self._get(0)

    @clock_offset_s.setter
    def clock_offset_s(self, seconds: float) -> None:
        self._set(0, seconds)

    @property
    def archive_s(self) -> float:
        """How long the archive takes for each event."""
        return self._get(1)

    @archive_s.setter
    def archive_s(self, seconds: float) -> None:
        self._set(1, seconds)

    @property
    def lingering(self) -> bool:
        """Whether it is in the middle of a turn that takes long."""
        return self._get(2) > 0

    @lingering.setter
    def lingering(self, lingers: bool) -> None:
        self._set(2, float(lingers))

    def _get(self, place: int) -> float:
        value: float = _VALUES.unpack_from(self._map, place * _VALUES.size)[0]
        return value

    def _set(self, place: int, value: float) -> None:
        _VALUES.pack_into(self._map, place * _VALUES.size, value)

    def now(self) -> datetime:
        """The worker's time, UTC."""
        return utc_now() + timedelta(seconds=self.clock_offset_s)
