"""Who gives way where there is no room."""

from hypothesis import given
from hypothesis import strategies as st

from nexus_actors.http.connection_limits import ConnectionLimits
from nexus_actors.http.room import Room

LIMITS = ConnectionLimits(connections=4, connections_per_address=2)
ADDRESSES = ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2")


class Caller:
    """A connection that notes whether it has given way."""

    def __init__(self, address: str) -> None:
        self.site = "2001:db8::/64" if ":" in address else address
        self.is_inside = self.is_at_work = False

    def give_way(self) -> None:
        assert self.is_inside
        assert not self.is_at_work
        self.is_inside = False


STEPS = st.lists(st.tuples(st.sampled_from(["come", "work", "wait", "leave"]), st.integers(0, 9), st.sampled_from(ADDRESSES)))


@given(STEPS)
def test_limits_hold_and_who_works_stays(steps: list[tuple[str, int, str]]) -> None:
    room, callers = Room(LIMITS), list[Caller]()
    for step, which, address in steps:
        if step == "come":
            caller = Caller(address)
            held = [c for c in callers if c.is_inside and c.is_at_work]
            is_blocked = len(held) == 4 or sum(c.site == caller.site for c in held) == 2
            caller.is_inside = room.admit(caller, address)
            assert caller.is_inside is not is_blocked
            callers.append(caller)
        elif callers:
            _move(room, callers[which % len(callers)], step)
        inside = [c for c in callers if c.is_inside]
        assert len(inside) <= 4
        assert all(sum(c.site == caller.site for c in inside) <= 2 for caller in inside)


def _move(room: Room, caller: Caller, step: str) -> None:
    if step == "leave":
        room.leave(caller)
        caller.is_inside = False
        return
    (room.work if step == "work" else room.wait)(caller)
    caller.is_at_work = step == "work" and caller.is_inside
