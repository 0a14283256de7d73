"""Counting what happens: one ``Metrics`` in a process, one ``ServiceMetrics`` for each service in it."""

from collections.abc import Iterable
from typing import Final, Literal

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.registry import Collector
from typing_extensions import override

from nexus_actors.telemetry import definitions as d
from nexus_actors.telemetry.histogram import Histogram, Series
from nexus_actors.telemetry.process import ProcessCollector

Outcome = Literal["done", "refused", "duplicate", "parked"]

_SERVICE: Final = "service"


class Metrics:
    """The metrics of a process.

    Its methods may be called from the event loop only. They do no more than add a number: nothing runs when nothing happens.

    Attributes:
        registry: all metrics of the process.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(ProcessCollector())
        self.handled = self._counter(d.MESSAGES_HANDLED)
        self.handler_seconds = self._histogram(d.HANDLER_SECONDS)
        self.batch_messages = self._histogram(d.TURN_BATCH_MESSAGES)
        self.commit_seconds = self._histogram(d.COMMIT_SECONDS)
        self.publish_seconds = self._histogram(d.PUBLISH_SECONDS)
        self.retries = self._counter(d.RETRIES)
        self.dead_letters = self._counter(d.DEAD_LETTERS)
        self.lag_seconds = self._gauge(d.LAG_SECONDS)
        self.keys_waiting = self._gauge(d.KEYS_WAITING)
        self.leases_held = self._gauge(d.LEASES_HELD)
        self.lease_losses = self._counter(d.LEASE_LOSSES)
        self.jobs_running = self._gauge(d.JOBS_RUNNING)
        self.jobs_queued = self._gauge(d.JOBS_QUEUED)
        self.jobs_ended = self._counter(d.JOBS_ENDED)
        self.job_seconds = self._histogram(d.JOB_SECONDS)
        self.redis_reconnects = self._counter(d.REDIS_RECONNECTS)
        self.loop_lag_seconds = self._histogram(d.LOOP_LAG_SECONDS).labels()
        self.http_requests = self._counter(d.HTTP_REQUESTS)
        self.http_request_seconds = self._histogram(d.HTTP_REQUEST_SECONDS)
        self._services: dict[str, ServiceMetrics] = {}

    def service(self, name: str) -> "ServiceMetrics":
        """The metrics of a service; the same object each time."""
        found = self._services.get(name)
        if found is None:
            found = self._services[name] = ServiceMetrics(self, name)
        return found

    def redis_reconnected(self) -> None:
        """A connection to Redis was lost and made again."""
        self.redis_reconnects.inc()

    def loop_lagged(self, lag_s: float) -> None:
        """The event loop woke up a task so many seconds late."""
        self.loop_lag_seconds.observe(lag_s)

    def _counter(self, metric: d.Metric) -> Counter:
        return Counter(metric.name, metric.help, metric.labels, registry=self.registry)

    def _gauge(self, metric: d.Metric) -> Gauge:
        return Gauge(metric.name, metric.help, metric.labels, registry=self.registry)

    def _histogram(self, metric: d.Metric) -> Histogram:
        histogram = Histogram(metric)
        self.registry.register(histogram)
        return histogram


class ServiceMetrics:
    """The metrics of one service in a process.

    Those that have no other label than ``service`` are there from the start, with 0, so that rates can be taken of them.

    Attributes:
        registry: what the service's ``/metrics`` shows: its own metrics, and those of the process.
    """

    def __init__(self, metrics: Metrics, name: str) -> None:
        self._metrics = metrics
        self._name = name
        self._batch = metrics.batch_messages.labels(name)
        self._commit = metrics.commit_seconds.labels(name)
        self._publish = metrics.publish_seconds.labels(name)
        self._waiting = metrics.keys_waiting.labels(name)
        self._held = metrics.leases_held.labels(name)
        self._losses = metrics.lease_losses.labels(name)
        # prometheus_client finds a labelled child under a lock; on the hot path a dictionary is enough.
        self._handled: dict[tuple[str, str, Outcome], Counter] = {}
        self._handlers: dict[tuple[str, str], Series] = {}
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(_OfService(metrics.registry, name))

    def handled(self, topic: str, wire_type: str, outcome: Outcome, count: int = 1) -> None:
        """Messages of one type were settled.

        Args:
            topic: the service that they were published to or by.
            wire_type: such as ``nexus.tracker-ms.record_positions.v1``.
            outcome: what became of them.
            count: how many.
        """
        key = (topic, wire_type, outcome)
        child = self._handled.get(key)
        if child is None:
            child = self._handled[key] = self._metrics.handled.labels(self._name, *key)
        child.inc(count)

    def handler_took(self, topic: str, wire_type: str, took_s: float) -> None:
        """A handler was called and came back, or raised, after ``took_s`` seconds."""
        key = (topic, wire_type)
        child = self._handlers.get(key)
        if child is None:
            child = self._handlers[key] = self._metrics.handler_seconds.labels(self._name, *key)
        child.observe(took_s)

    def committed(self, messages: int, took_s: float) -> None:
        """A batch of so many messages was committed in ``took_s`` seconds."""
        self._batch.observe(messages)
        self._commit.observe(took_s)

    def published(self, took_s: float) -> None:
        """What a commit left in the outbox was published in ``took_s`` seconds."""
        self._publish.observe(took_s)

    def retried(self, topic: str, wire_type: str) -> None:
        """An attempt at a message failed; there will be another."""
        self._metrics.retries.labels(self._name, topic, wire_type).inc()

    def parked(self, topic: str, wire_type: str) -> None:
        """A message went to the dead letters."""
        self._metrics.dead_letters.labels(self._name, topic, wire_type).inc()

    def lags(self, topic: str, channel: str, partition: int, age_s: float) -> None:
        """The oldest entry of a stream that is not settled is ``age_s`` seconds old; 0 where all are."""
        self._metrics.lag_seconds.labels(self._name, topic, channel, str(partition)).set(age_s)

    def forget_lag(self, topic: str, channel: str, partition: int) -> None:
        """This process reads the stream no longer, so it has nothing to say about it."""
        labels = {_SERVICE: self._name, "topic": topic, "channel": channel, "partition": str(partition)}
        self._metrics.lag_seconds.remove_by_labels(labels)

    def waits(self, keys: int) -> None:
        """So many keys are held back without a fault of their messages."""
        self._waiting.set(keys)

    def holds(self, partitions: int) -> None:
        """The process owns so many partitions of the service."""
        self._held.set(partitions)

    def lease_lost(self, partitions: int = 1) -> None:
        """The process lost partitions without handing them over."""
        self._losses.inc(partitions)

    def jobs_run(self, jobs: int) -> None:
        """The process does so many jobs of the service."""
        self._metrics.jobs_running.labels(self._name).set(jobs)

    def jobs_wait(self, jobs: int) -> None:
        """So many jobs of the service wait to be done, by whichever process."""
        self._metrics.jobs_queued.labels(self._name).set(jobs)

    def job_ended(self, kind: str, outcome: str) -> None:
        """A job has ended: ``done``, ``failed`` or ``cancelled``."""
        self._metrics.jobs_ended.labels(self._name, kind, outcome).inc()

    def job_took(self, kind: str, took_s: float) -> None:
        """One attempt at a job took ``took_s`` seconds."""
        self._metrics.job_seconds.labels(self._name, kind).observe(took_s)

    def observe(self, method: str, path: str, status: int, duration_s: float) -> None:
        """A request was answered (``nexus_actors.http.ports.RequestMetrics``).

        Args:
            method: its HTTP method.
            path: the template of its route.
            status: the status of the answer.
            duration_s: from its head to the answer, in seconds.
        """
        labels = (self._name, method, path, str(status))
        self._metrics.http_requests.labels(*labels).inc()
        self._metrics.http_request_seconds.labels(*labels).observe(duration_s)


class _OfService(Collector):
    """What of a registry belongs to one service, or to no service in particular.

    Where one process hosts many services, each has its page at its own port. Each sample is on one page only, so that a scrape
    of all ports counts nothing twice but the process itself.
    """

    def __init__(self, source: CollectorRegistry, service: str) -> None:
        self._source = source
        self._service = service

    @override
    def collect(self) -> Iterable[prometheus_client.Metric]:
        for family in self._source.collect():
            samples = [
                sample
                for sample in family.samples
                # When a series began is of use to nobody here, and would double the page.
                if sample.labels.get(_SERVICE, self._service) == self._service and not sample.name.endswith("_created")
            ]
            if samples or not family.samples:
                family.samples = samples
                yield family
