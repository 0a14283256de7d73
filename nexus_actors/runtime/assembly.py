"""Putting the parts of one service's runtime together."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from bus.publisher import Publisher
from bus.reader import PartitionReader
from bus.requests import REPLY_EXPIRY_S
from bus.store import StreamStore
from nexus_actors.retry import RetryPolicy
from nexus_actors.runtime.activations import Activations
from nexus_actors.runtime.batch import Batches
from nexus_actors.runtime.leases import Ownership
from nexus_actors.runtime.ledger import TurnLedger
from nexus_actors.runtime.loop import ServiceLoop
from nexus_actors.runtime.outbox import Outbox
from nexus_actors.runtime.parking import Parking, PoisonDetector
from nexus_actors.runtime.partition import Partition
from nexus_actors.runtime.reach import PATIENCE_LEASES, Reach
from nexus_actors.runtime.store import TurnStore
from nexus_actors.runtime.tracing import TurnTraces
from nexus_actors.runtime.trouble import Trouble
from nexus_actors.runtime.turn import Turns
from nexus_actors.service import Service
from nexus_actors.telemetry.metrics import ServiceMetrics
from nexus_actors.telemetry.spans import Spans


class LoopSettings(Struct, frozen=True, kw_only=True):
    """How a loop works.

    Attributes:
        batch_size: at most so many entries of each stream in one read.
        handler_timeout_s: a coroutine handler that takes longer has failed.
        retry: when a failed turn is tried again, where its handler does not say.
        unknown_wait_s: how long a message that only a newer release can read holds its key back.
        lease_s: how long a lease lasts; a loop gives up after two of them without the streams.
        shows_faults: the first failure of a command is told to who asked it, traceback and all: for development alone.
    """

    batch_size: int = 256
    handler_timeout_s: float = 30.0
    retry: RetryPolicy = RetryPolicy()
    unknown_wait_s: float = 3_600.0
    lease_s: float = 5.0
    shows_faults: bool = False


def assemble(
    service: Service,
    *,
    turn_store: TurnStore,
    streams: StreamStore,
    ownership: Ownership,
    settings: LoopSettings,
    clock: Callable[[], datetime],
    chance: Callable[[], float],
    log: Any,  # noqa: ANN401
    metrics: ServiceMetrics,
    spans: Spans,
    stopwatch: Callable[[], float] = time.perf_counter,
    jobs_changed: Callable[[], None] = lambda: None,
) -> ServiceLoop:
    """The loop of a service. Its stopwatch (seconds) is for how long handlers take; for ``jobs_changed`` see `TurnLedger`."""
    partitions: dict[int, Partition] = {}
    reach = Reach(streams, ownership, service, PATIENCE_LEASES * settings.lease_s, Trouble(log))
    ledger = TurnLedger(partitions, metrics, jobs_changed)
    activations = Activations(turn_store, service.actors)
    turns = Turns(service, activations, clock, log, metrics, TurnTraces(spans), stopwatch, settings.handler_timeout_s)
    publisher, answers = Publisher(streams), Publisher(streams, expires_s=REPLY_EXPIRY_S)
    return ServiceLoop(
        service,
        store=turn_store,
        reader=PartitionReader(streams, settings.batch_size, block_s=1.0),
        activations=activations,
        ledger=ledger,
        partitions=partitions,
        batches=lambda failed: Batches(turn_store, turns, activations, ledger, failed, metrics, stopwatch),
        outbox=Outbox(turn_store, streams, publisher, answers, ledger, clock, log, metrics, reach),
        parking=Parking(
            turn_store, ledger, settings.retry, clock, chance, log, metrics, settings.unknown_wait_s, settings.shows_faults
        ),
        reach=reach,
        poison=PoisonDetector(settings.retry.max_attempts),
        clock=clock,
        log=log,
        metrics=metrics,
    )
