"""The runtime's own commands, which operators give: let a parked key go on; show, replace and drop a state."""

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


class StateShown(Struct, frozen=True, kw_only=True):
    """What the database has of an actor's state.

    Attributes:
        text: the JSON as it is kept.
        problem: why this release cannot read it; empty where it can.
    """

    text: str
    problem: str = ""


class ShowState(Command[StateShown], topic=RUNTIME, key="key"):
    """Show an actor's state. It goes, as the others here do, to the commands of the actor's service, on the key's partition.

    Attributes:
        tenant: whose actor it is; of no account where it is one of the platform itself.
    """

    key: str
    actor: str
    tenant: str = DEFAULT_TENANT


class ReplaceState(Command[None], topic=RUNTIME, key="key"):
    """Put another state in the place of whatever there is. ``text`` is JSON."""

    key: str
    actor: str
    text: str
    tenant: str = DEFAULT_TENANT


class DropState(Command[None], topic=RUNTIME, key="key"):
    """Forget an actor's state: it begins anew."""

    key: str
    actor: str
    tenant: str = DEFAULT_TENANT


StateCommand = ShowState | ReplaceState | DropState
STATE_COMMANDS = (ShowState, ReplaceState, DropState)
