"""Why a service cannot be made."""

from nexus_actors.errors import NexusError


class CannotScaffold(NexusError):
    """Raised when the files of a service cannot be made; nothing was written."""
