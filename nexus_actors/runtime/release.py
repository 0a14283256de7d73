"""The runtime's own command: let a parked key go on."""

from uuid import UUID

from msgspec import Struct

from bus import Command, Topic
from nexus_actors.identity import DEFAULT_TENANT

RUNTIME = Topic("nexus-runtime", partitions=1)


class Released(Struct, frozen=True, kw_only=True):
    """How many dead letters of a key are tried again, and how many were dropped."""

    redriven: int
    dropped: int


class ReleaseKey(Command[Released], topic=RUNTIME, key="key"):
    """Drop some dead letters of a key and try the others again, in order, under their own ids.

    It goes to the commands of the service that parked them, on the key's partition, and is handled by the owner itself.

    Attributes:
        tenant: whose key it is; empty for one of the platform itself. Releases before tenants had keys of their own name none,
            and are taken to mean the default one.
    """

    key: str
    tenant: str = DEFAULT_TENANT
    drop: tuple[UUID, ...] = ()


RELEASE_KEY = ReleaseKey.wire_type()
NO_KEY = "(no key)\x1f"
"""Stands in a `ReleaseKey` for the key of entries that have none, for a message without a key cannot travel."""
