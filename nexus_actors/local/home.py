"""The data folder of the platform on this machine."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from nexus_actors.local.errors import CannotStart
from nexus_actors.local.lock import FileLock
from nexus_actors.local.private_file import write_private
from nexus_actors.local.run_state import RunState, load_state, save_state

_SECRET_BYTES = 48


class Home:
    """A folder with everything that the platform keeps on this machine. What else is in it is left alone.

    Attributes:
        postgres, redis: where the embedded servers keep their data.
        logs: where everything that runs writes its log.
        lock: held by the supervisor while the platform is up.
        credentials: what the command line logs in with.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.postgres = path / "postgres"
        self.redis = path / "redis"
        self.logs = path / "logs"
        self.lock = FileLock(path / "up.lock")
        self.credentials = path / "credentials.json"
        self._state = path / "run.json"
        self._key = path / "auth-kek"

    def make(self) -> None:
        """Make the folder where it is absent.

        Raises:
            CannotStart: it cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.logs.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise CannotStart(
                f"Cannot make the data folder {self.path}: {error.strerror}. Name another one in NEXUS_DATA_DIR."
            ) from error

    @property
    def state(self) -> RunState | None:
        """What was last known of the platform, whether or not it still runs."""
        return load_state(self._state)

    def save(self, state: RunState) -> None:
        """Write down what is known of the platform."""
        save_state(self._state, state)

    def forget_state(self) -> None:
        """The platform is down."""
        self._state.unlink(missing_ok=True)

    def running(self) -> RunState | None:
        """The platform that is up, or starting, or stopping; None where none is or it has not written itself down yet."""
        return self.state if self.lock.is_held() else None

    def key(self, make: Callable[[int], str]) -> str:
        """The key that auth-ms seals its secrets with: made at the first call and kept in a file of mode 600.

        Args:
            make: makes a text of so many random bytes.
        """
        if not self._key.exists():
            write_private(self._key, make(_SECRET_BYTES).encode())
        return self._key.read_text().strip()

    def log_of(self, name: str) -> Path:
        """The log of a worker (``worker-1``) or of the supervisor (``up``)."""
        return self.logs / f"{name}.log"

    def contents(self) -> Iterator[Path]:
        """What there is of the platform's in the folder: data, secrets, logs."""
        for path in (self.postgres, self.redis, self.logs, self.credentials, self._state, self._key):
            if path.exists():
                yield path

    def erase(self) -> None:
        """Remove all of it. The caller holds the lock."""
        for path in list(self.contents()):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
