"""The tracker of one vehicle without bus and servers: its turns as the actor runs them, and a reader of its events."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import msgspec

from bus import Event, Refusal
from modules.puabo_nexus.tracker.contract import Fix, PositionsReceipt, Trip, TripEnded, TripRevised, TripStarted
from modules.puabo_nexus.tracker.domain.history import History
from modules.puabo_nexus.tracker.domain.recorder import Recorder, VehicleState
from modules.puabo_nexus.tracker.domain.revision import MOST_READ
from modules.puabo_nexus.tracker.domain.track import TripRules
from tests.modules.puabo_nexus.tracker.memory_history import MemoryHistory


class TrackerTwin:
    """Takes reports; its state goes through JSON between turns, as in the database.

    Args:
        history: where to keep it all, instead of in memory.

    Attributes:
        turns: how many turns more it took to cut anew what late fixes changed.
        each_turn: called before each of these.
    """

    def __init__(
        self,
        vehicle_id: UUID,
        now: datetime,
        checkpoint_every: int = 500,
        history: History | None = None,
        most_read: int = MOST_READ,
    ) -> None:
        self.vehicle_id = vehicle_id
        self.history = MemoryHistory()
        self._kept = history or self.history
        self.state = VehicleState()
        self.now = now
        self.timer: datetime | None = None
        self.turns = 0
        self.each_turn: Callable[[], object] = lambda: None
        self.events: list[Event] = []
        self.reader = TripReader()
        self._checkpoint_every = checkpoint_every
        self._most_read = most_read

    async def send(self, *messages: Sequence[Fix]) -> list[PositionsReceipt]:
        recorder = self._recorder()
        receipts = await recorder.record(messages, self.now, self.now)
        self._finish(recorder)
        while self.state.late:
            self.turns += 1
            self.each_turn()
            recorder = self._recorder()
            await recorder.revise()
            self._finish(recorder)
        return receipts

    async def end_trip(self) -> Trip | None:
        """The trip that was ended; None where the request was refused."""
        before = msgspec.json.encode(self.state)
        recorder = self._recorder()
        try:
            trip = await recorder.end_trip()
        except Refusal:
            self.state = msgspec.json.decode(before, type=VehicleState)
            return None
        self._finish(recorder)
        return trip

    async def wait(self, seconds: float) -> None:
        """Let time pass, and the silence timer ring when it is due."""
        self.now += timedelta(seconds=seconds)
        while self.timer is not None and self.timer <= self.now:
            self.timer = None
            recorder = self._recorder()
            await recorder.end_silent_trip(self.now)
            self._finish(recorder)

    def _recorder(self) -> Recorder:
        return Recorder(self.vehicle_id, self.state, self._kept, uuid4, TripRules(), self._checkpoint_every, self._most_read)

    def _finish(self, recorder: Recorder) -> None:
        self.events += recorder.events
        for event in recorder.events:
            self.reader.read(event)
        self.timer = recorder.silence_timer() or self.timer
        self.state = msgspec.json.decode(msgspec.json.encode(self.state), type=VehicleState)


class TripReader:
    """What a service knows of the trips that reads the events alone."""

    def __init__(self) -> None:
        self.ended: dict[UUID, tuple[datetime, datetime, float]] = {}
        self.open: set[UUID] = set()
        self.told: set[UUID] = set()
        self.versions: dict[UUID, int] = {}

    def read(self, event: Event) -> None:
        if isinstance(event, TripStarted):
            assert event.trip_id not in self.open
            self.open.add(event.trip_id)
        elif isinstance(event, TripEnded):
            assert event.trip_id not in self.told, "TripEnded is published of a trip once"
            self.told.add(event.trip_id)
            self.open.discard(event.trip_id)
            self.ended[event.trip_id] = (event.started_at, event.ended_at, event.distance_m)
        elif isinstance(event, TripRevised):
            self._revise(event)

    def _revise(self, event: TripRevised) -> None:
        assert event.trip_version > self.versions.get(event.trip_id, 0)
        self.versions[event.trip_id] = event.trip_version
        self.ended.pop(event.trip_id, None)
        self.open.discard(event.trip_id)
        if event.change == "removed":
            return
        if event.ended_at is None:
            self.open.add(event.trip_id)
        else:
            self.ended[event.trip_id] = (event.started_at, event.ended_at, event.distance_m)
