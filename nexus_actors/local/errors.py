"""What keeps the platform from running on this machine."""

from nexus_actors.errors import NexusError


class CannotStart(NexusError):
    """Raised when the platform cannot start, or cannot go on. The message says why and what to do."""


class AlreadyUp(NexusError):
    """Raised when another process holds the data folder: the platform is up.

    Attributes:
        pid: the process; None while it is only just starting.
    """

    def __init__(self, folder: str, pid: int | None) -> None:
        super().__init__(f"The platform of {folder} is up already (process {pid or 'unknown'}). Stop it with: nexus down")
        self.pid = pid


class CannotStop(NexusError):
    """Raised when the platform does not stop, or its data cannot be removed. The message says why and what to do."""
