"""Every metric of the platform: its name, what it counts, and its labels. docs/metrics.md is made from this."""

from typing import Final, Literal

from msgspec import Struct

Kind = Literal["counter", "gauge", "histogram"]

# From a tenth of a millisecond, which a turn takes, to ten seconds, which nothing should.
_SECONDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_HTTP_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_JOB_SECONDS: Final = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0)
_BATCH: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)


class Metric(Struct, frozen=True, kw_only=True):
    """One metric.

    Attributes:
        name: ``nexus_<what>_<unit>``, as it is scraped; a counter ends in ``_total``.
        help: one sentence, with the unit where the name has none.
        labels: their names, in the order in which code gives their values.
        buckets: upper bounds of a histogram.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


MESSAGES_HANDLED: Final = Metric(
    name="nexus_messages_handled_total",
    kind="counter",
    help="Messages that were settled. outcome: done, refused (a rule said no), duplicate (known to the inbox), parked.",
    labels=("service", "topic", "type", "outcome"),
)
HANDLER_SECONDS: Final = Metric(
    name="nexus_handler_seconds",
    kind="histogram",
    help="Time that a handler took for one call, which may be for many messages.",
    labels=("service", "topic", "type"),
    buckets=_SECONDS,
)
TURN_BATCH_MESSAGES: Final = Metric(
    name="nexus_turn_batch_messages",
    kind="histogram",
    help="Messages in one group commit.",
    labels=("service",),
    buckets=_BATCH,
)
COMMIT_SECONDS: Final = Metric(
    name="nexus_commit_seconds",
    kind="histogram",
    help="Time of one group commit in the database.",
    labels=("service",),
    buckets=_SECONDS,
)
PUBLISH_SECONDS: Final = Metric(
    name="nexus_publish_seconds",
    kind="histogram",
    help="Time of publishing what one commit left in the outbox.",
    labels=("service",),
    buckets=_SECONDS,
)
RETRIES: Final = Metric(
    name="nexus_retries_total",
    kind="counter",
    help="Failed attempts at a message that are to be repeated.",
    labels=("service", "topic", "type"),
)
DEAD_LETTERS: Final = Metric(
    name="nexus_dead_letters_total",
    kind="counter",
    help="Messages that were parked with the dead letters, those behind them in their key included.",
    labels=("service", "topic", "type"),
)
LAG_SECONDS: Final = Metric(
    name="nexus_lag_seconds",
    kind="gauge",
    help="Age of the oldest entry of a stream that the service has not settled yet; 0 where there is none.",
    labels=("service", "topic", "channel", "partition"),
)
KEYS_WAITING: Final = Metric(
    name="nexus_keys_waiting",
    kind="gauge",
    help="Keys that wait in this process for what is no fault of their messages, such as a newer release that can read them.",
    labels=("service",),
)
LEASES_HELD: Final = Metric(
    name="nexus_leases_held",
    kind="gauge",
    help="Partitions of the service that this process owns.",
    labels=("service",),
)
LEASE_LOSSES: Final = Metric(
    name="nexus_lease_losses_total",
    kind="counter",
    help="Partitions that this process lost without handing them over.",
    labels=("service",),
)
JOBS_RUNNING: Final = Metric(
    name="nexus_jobs_running",
    kind="gauge",
    help="Jobs that this process does.",
    labels=("service",),
)
JOBS_QUEUED: Final = Metric(
    name="nexus_jobs_queued",
    kind="gauge",
    help="Jobs of the service that wait to be done, by whichever process: take the maximum over processes, not the sum.",
    labels=("service",),
)
JOBS_ENDED: Final = Metric(
    name="nexus_jobs_ended_total",
    kind="counter",
    help="Jobs that have ended. outcome: done, failed (after all attempts), cancelled.",
    labels=("service", "type", "outcome"),
)
JOB_SECONDS: Final = Metric(
    name="nexus_job_seconds",
    kind="histogram",
    help="Time that one attempt at a job took, however it went.",
    labels=("service", "type"),
    buckets=_JOB_SECONDS,
)
REDIS_RECONNECTS: Final = Metric(
    name="nexus_redis_reconnects_total",
    kind="counter",
    help="Times that a connection to Redis was lost and made again.",
)
LOOP_LAG_SECONDS: Final = Metric(
    name="nexus_loop_lag_seconds",
    kind="histogram",
    help="How late the event loop woke up a task that had slept.",
    buckets=_SECONDS,
)
HTTP_REQUESTS: Final = Metric(
    name="nexus_http_requests_total",
    kind="counter",
    help="Requests that were answered. route: its template, such as /v1/vehicles/{vehicle_id}, or unmatched.",
    labels=("service", "method", "route", "status"),
)
HTTP_REQUEST_SECONDS: Final = Metric(
    name="nexus_http_request_seconds",
    kind="histogram",
    help="Time from the head of a request to its answer.",
    labels=("service", "method", "route", "status"),
    buckets=_HTTP_SECONDS,
)
PROCESS_RESIDENT_BYTES: Final = Metric(
    name="nexus_process_resident_bytes",
    kind="gauge",
    help="Memory that this process holds in RAM; absent where the system does not tell (other than Linux).",
)
PROCESS_CPU_SECONDS: Final = Metric(
    name="nexus_process_cpu_seconds_total",
    kind="counter",
    help="Processor time that this process has used, in user and system mode.",
)

METRICS: Final[tuple[Metric, ...]] = (
    MESSAGES_HANDLED,
    HANDLER_SECONDS,
    TURN_BATCH_MESSAGES,
    COMMIT_SECONDS,
    PUBLISH_SECONDS,
    RETRIES,
    DEAD_LETTERS,
    LAG_SECONDS,
    KEYS_WAITING,
    LEASES_HELD,
    LEASE_LOSSES,
    JOBS_RUNNING,
    JOBS_QUEUED,
    JOBS_ENDED,
    JOB_SECONDS,
    REDIS_RECONNECTS,
    LOOP_LAG_SECONDS,
    HTTP_REQUESTS,
    HTTP_REQUEST_SECONDS,
    PROCESS_RESIDENT_BYTES,
    PROCESS_CPU_SECONDS,
)
