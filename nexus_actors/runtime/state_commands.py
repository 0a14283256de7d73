"""The runtime's own commands about the state of one actor, which its owner carries out."""

from msgspec import Struct

from bus import Command
from nexus_actors.identity import DEFAULT_TENANT
from nexus_actors.runtime.release import RUNTIME


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
