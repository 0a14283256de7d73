"""How each service of the platform stands."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from nexus_actors import Catalogue, ServiceEntry
from nexus_actors.operations.waiting import Waiting

State = Literal["healthy", "degraded", "down", "not_built"]


class Worker(Struct, frozen=True, kw_only=True):
    """A worker process that has been heard of.

    Attributes:
        seen_at: when its last heartbeat came.
        silent_s: seconds since then, by the database's clock.
        partitions: how many partitions it owns.
    """

    worker_id: str
    host: str
    pid: int
    version: str
    services: tuple[str, ...]
    draining: bool
    started_at: datetime
    seen_at: datetime
    silent_s: float
    partitions: int


class Holding(Struct, frozen=True, kw_only=True):
    """Who owns a partition of a service; nobody where its lease is free or has run out."""

    service: str
    partition: int
    owner: str | None
    generation: int
    expires_at: datetime | None


class ServiceStatus(Struct, frozen=True, kw_only=True):
    """How one service stands.

    Attributes:
        workers: how many live workers host it.
        partitions_owned: how many of its partitions are owned by a live worker.
        lag_s: age of the oldest message that waits for it, in seconds; 0 where none waits, null where it is not known.
        dead_letters: how many messages wait in its dead letters.
        keys_waiting: how many keys wait for something that is no fault of their messages, such as a newer release.
        waits_for: what the one that waits longest waits for.
        reason: why it is not healthy.
    """

    service: str
    title: str
    module: str | None
    port: int
    state: State
    workers: int = 0
    partitions: int = 0
    partitions_owned: int = 0
    lag_s: float | None = None
    dead_letters: int = 0
    keys_waiting: int = 0
    waits_for: str | None = None
    version: str | None = None
    reason: str | None = None


class SystemStatus(Struct, frozen=True, kw_only=True):
    """How the platform stands: ``ok`` where every service that is built is healthy."""

    status: Literal["ok", "degraded"]
    timestamp: datetime
    version: str
    services_total: int
    services_built: int
    services_healthy: int
    services: tuple[ServiceStatus, ...]


class Facts(Struct, frozen=True, kw_only=True):
    """What was found out about the platform.

    Attributes:
        workers: all that have been heard of lately, the silent ones among them.
        lag_s: by service; None where the streams could not be read.
        dead_letters: by service.
        waiting: by service; those where nothing waits are left out.
        live_within_s: a worker that has been silent for longer counts as gone.
    """

    workers: Sequence[Worker]
    holdings: Sequence[Holding]
    lag_s: Mapping[str, float] | None
    dead_letters: Mapping[str, int]
    waiting: Mapping[str, Waiting]
    live_within_s: float


def judge(entry: ServiceEntry, facts: Facts) -> ServiceStatus:
    """How a service stands: down without a live worker, degraded while a partition of it has no owner."""
    base = ServiceStatus(service=entry.name, title=entry.title, module=entry.module, port=entry.port, state="not_built")
    if not entry.is_built:
        return base
    live = [w for w in facts.workers if entry.name in w.services and not w.draining and w.silent_s <= facts.live_within_s]
    names = {worker.worker_id for worker in live}
    mine = [holding for holding in facts.holdings if holding.service == entry.name]
    owned = sum(holding.owner in names for holding in mine)
    state: State = "healthy"
    reason = None
    if not live:
        state, reason = "down", "No live worker hosts it."
    elif owned < len(mine):
        state, reason = "degraded", f"{len(mine) - owned} of its {len(mine)} partitions have no live owner."
    waiting = facts.waiting.get(entry.name)
    return ServiceStatus(
        service=entry.name,
        title=entry.title,
        module=entry.module,
        port=entry.port,
        state=state,
        workers=len(live),
        partitions=len(mine),
        partitions_owned=owned,
        lag_s=None if facts.lag_s is None else facts.lag_s.get(entry.name, 0.0),
        dead_letters=facts.dead_letters.get(entry.name, 0),
        keys_waiting=0 if waiting is None else waiting.keys,
        waits_for=None if waiting is None else waiting.reason,
        version=max((worker.version for worker in live), default=None),
        reason=reason,
    )


def survey(catalogue: Catalogue, facts: Facts, now: datetime, version: str) -> SystemStatus:
    """How all services of the catalogue stand, in its order."""
    services = tuple(judge(entry, facts) for entry in catalogue.services)
    count = Counter(service.state for service in services)
    built = len(services) - count["not_built"]
    return SystemStatus(
        status="ok" if count["healthy"] == built else "degraded",
        timestamp=now,
        version=version,
        services_total=len(services),
        services_built=built,
        services_healthy=count["healthy"],
        services=services,
    )
