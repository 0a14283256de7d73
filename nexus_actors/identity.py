"""Who an actor is, besides its kind."""

from typing import Final, NamedTuple

DEFAULT_TENANT: Final = "main"
"""Whose a message is that names no tenant."""
PLATFORM: Final = ""
"""Stands for the tenant of what is of the platform itself."""


class Identity(NamedTuple):
    """Which one of its kind an actor is, and what messages are ordered by. The partition follows from the key alone.

    Attributes:
        tenant: whose it is; `PLATFORM` for what is of the platform itself.
    """

    tenant: str
    key: str
