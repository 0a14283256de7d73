"""The room that a face has for connections, and who gives way where it is full."""

from collections import OrderedDict
from typing import Final, Protocol

from nexus_actors.http.connection_limits import ConnectionLimits
from nexus_actors.http.limits import address_key


class Guest(Protocol):
    """A connection that stands."""

    def give_way(self) -> None:
        """End at once. Only a connection without a request at work is asked to."""
        ...


_Waiting = OrderedDict[Guest, None]
"""Connections without a request at work, the one that has waited longest first."""


class Room:
    """The connections that stand, of whom they are, and which of them wait.

    A connection waits from its beginning, and from the end of an answer, until a request has come whole: also while a head
    trickles in. Where there is no room the one gives way that has waited longest, of the same address where that has too many.
    One with a request at work never does. Nothing here takes longer the more connections there are.

    Args:
        limits: how many may stand, and how many of one address.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._address: Final[dict[Guest, str]] = {}
        self._counts: Final[dict[str, int]] = {}
        self._waiting: Final[_Waiting] = OrderedDict()
        self._waiting_of: Final[dict[str, _Waiting]] = {}

    def admit(self, guest: Guest, address: str) -> bool:
        """Let a connection in, where there is room or somebody gives way.

        Args:
            address: where it comes from.
        """
        address = address_key(address)
        if self._counts.get(address, 0) >= self._limits.connections_per_address:
            if not self._make_room(self._waiting_of.get(address)):
                return False
        elif len(self._address) >= self._limits.connections and not self._make_room(self._waiting):
            return False
        self._address[guest] = address
        self._counts[address] = self._counts.get(address, 0) + 1
        self.wait(guest)
        return True

    def wait(self, guest: Guest) -> None:
        """A connection has no request at work any more. One that is not here any more is passed over."""
        address = self._address.get(guest)
        if address is not None:
            self._waiting[guest] = self._waiting_of.setdefault(address, OrderedDict())[guest] = None

    def work(self, guest: Guest) -> None:
        """A request of a connection has come whole."""
        address = self._address.get(guest)
        if address is None or guest not in self._waiting:
            return
        del self._waiting[guest]
        own = self._waiting_of[address]
        del own[guest]
        if not own:
            del self._waiting_of[address]

    def leave(self, guest: Guest) -> None:
        """A connection has ended."""
        self.work(guest)
        address = self._address.pop(guest, None)
        if address is None:
            return
        self._counts[address] -= 1
        if not self._counts[address]:
            del self._counts[address]

    def _make_room(self, waiting: _Waiting | None) -> bool:
        if not waiting:
            return False
        longest = next(iter(waiting))
        self.leave(longest)
        longest.give_way()
        return True
