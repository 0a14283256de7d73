"""A platform that runs, as a supervisor writes it down."""

from datetime import UTC, datetime

from nexus_actors.local.run_state import RunState, WorkerState

STATE = RunState(
    pid=1,
    phase="up",
    started_at=datetime(2026, 3, 2, tzinfo=UTC),
    services=("fleet-service",),
    host="127.0.0.1",
    port_offset=100,
    database_url="postgresql://nexus:secret@127.0.0.1:5432/nexus",
    redis_url="redis://:secret@127.0.0.1:6380/0",
    redis_prefix="nexus",
    workers=(WorkerState(number=1, pid=2, born_at=3.5),),
)
