"""Metrics: what is counted, under which names, and on whose page."""

import time
from pathlib import Path

import anyio
import pytest
from prometheus_client import generate_latest
from prometheus_client.exposition import choose_encoder
from prometheus_client.parser import text_string_to_metric_families

from nexus_actors.telemetry.definitions import METRICS
from nexus_actors.telemetry.loop_lag import watch_loop_lag
from nexus_actors.telemetry.metrics import Metrics
from nexus_actors.telemetry.metrics_page import metrics_page

TYPE = "nexus.tracker-ms.record_positions.v1"
DOCS = Path(__file__).parents[3] / "docs"


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def exercise(metrics: Metrics) -> None:
    """Touch every metric once."""
    service = metrics.service("tracker-ms")
    service.handled("tracker-ms", TYPE, "done", 5)
    service.handler_took("tracker-ms", TYPE, 0.002)
    service.committed(5, 0.004)
    service.published(0.001)
    service.retried("tracker-ms", TYPE)
    service.parked("tracker-ms", TYPE)
    service.lags("fleet-service", "events", 3, 2.5)
    service.holds(8)
    service.lease_lost()
    service.jobs_run(2)
    service.jobs_wait(7)
    service.job_ended("nexus.tracker-ms.match.v1", "done")
    service.job_took("nexus.tracker-ms.match.v1", 12)
    service.observe("GET", "/v1/trips/{trip_id}", 200, 0.012)
    metrics.redis_reconnected()
    metrics.loop_lagged(0.001)


def test_what_happens_is_counted_under_its_labels() -> None:
    metrics = Metrics()
    exercise(metrics)
    exercise(metrics)
    of = {"service": "tracker-ms"}
    typed = {**of, "topic": "tracker-ms", "type": TYPE}
    assert value(metrics, "nexus_messages_handled_total", **typed, outcome="done") == 10
    assert value(metrics, "nexus_handler_seconds_sum", **typed) == pytest.approx(0.004)
    assert value(metrics, "nexus_turn_batch_messages_count", **of) == 2
    assert value(metrics, "nexus_turn_batch_messages_bucket", **of, le="8.0") == 2
    assert value(metrics, "nexus_turn_batch_messages_bucket", **of, le="4.0") == 0
    assert value(metrics, "nexus_retries_total", **typed) == 2
    assert value(metrics, "nexus_dead_letters_total", **typed) == 2
    assert value(metrics, "nexus_lag_seconds", **of, topic="fleet-service", channel="events", partition="3") == 2.5
    assert value(metrics, "nexus_leases_held", **of) == 8
    assert value(metrics, "nexus_jobs_running", **of) == 2
    assert value(metrics, "nexus_jobs_queued", **of) == 7
    job = {**of, "type": "nexus.tracker-ms.match.v1"}
    assert value(metrics, "nexus_jobs_ended_total", **job, outcome="done") == 2
    assert value(metrics, "nexus_job_seconds_sum", **job) == 24
    route = {"method": "GET", "route": "/v1/trips/{trip_id}", "status": "200"}
    assert value(metrics, "nexus_http_requests_total", **of, **route) == 2
    assert value(metrics, "nexus_http_request_seconds_count", **of, **route) == 2
    assert value(metrics, "nexus_redis_reconnects_total") == 2


def test_the_definitions_are_all_that_is_shown() -> None:
    metrics = Metrics()
    exercise(metrics)
    shown = {family.name: family for family in metrics.registry.collect()}
    assert set(shown) == {metric.name.removesuffix("_total") for metric in METRICS}
    for metric in METRICS:
        family = shown[metric.name.removesuffix("_total")]
        assert (family.type, family.documentation) == (metric.kind, metric.help)
        assert set(family.samples[0].labels) - {"le"} == set(metric.labels)


def test_names_follow_the_convention() -> None:
    for metric in METRICS:
        assert metric.name.startswith("nexus_")
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert bool(metric.buckets) == (metric.kind == "histogram")
        assert "service" not in metric.labels[1:]
        assert metric.help.endswith(".")
        assert "|" not in metric.help
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def test_an_idle_service_shows_zeros_to_take_rates_of() -> None:
    metrics = Metrics()
    metrics.service("tracker-ms")
    for name in ("nexus_commit_seconds_count", "nexus_lease_losses_total", "nexus_leases_held", "nexus_publish_seconds_sum"):
        assert value(metrics, name, service="tracker-ms") == 0


def test_a_service_is_the_same_object_each_time() -> None:
    metrics = Metrics()
    assert metrics.service("tracker-ms") is metrics.service("tracker-ms")


def test_a_page_has_its_own_service_and_the_process_only() -> None:
    metrics = Metrics()
    exercise(metrics)
    metrics.service("fleet-service").holds(4)
    page = generate_latest(metrics.service("fleet-service").registry).decode()
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    assert {sample.labels.get("service", "fleet-service") for sample in samples} == {"fleet-service"}
    names = {sample.name for sample in samples}
    assert {"nexus_leases_held", "nexus_loop_lag_seconds_count", "nexus_process_cpu_seconds_total"} <= names
    assert not [name for name in names if name.endswith("_created")]
    assert "tracker-ms" not in page
    encode, _ = choose_encoder("application/openmetrics-text; version=1.0.0")
    assert encode(metrics.service("tracker-ms").registry).endswith(b"# EOF\n")


def test_a_partition_that_is_handed_over_is_no_longer_spoken_of() -> None:
    metrics = Metrics()
    service = metrics.service("tracker-ms")
    service.lags("tracker-ms", "events", 0, 5.0)
    service.lags("tracker-ms", "events", 1, 6.0)
    service.forget_lag("tracker-ms", "events", 0)
    service.forget_lag("tracker-ms", "events", 7)
    of = {"service": "tracker-ms", "topic": "tracker-ms", "channel": "events"}
    assert value(metrics, "nexus_lag_seconds", **of, partition="0") is None
    assert value(metrics, "nexus_lag_seconds", **of, partition="1") == 6


def test_the_process_tells_its_memory_and_processor_time() -> None:
    metrics = Metrics()
    before = value(metrics, "nexus_process_cpu_seconds_total")
    assert before is not None
    while time.process_time() < before + 0.02:
        sum(range(1_000))
    after = value(metrics, "nexus_process_cpu_seconds_total")
    assert after is not None
    assert before + 0.02 <= after < before + 60
    resident = value(metrics, "nexus_process_resident_bytes")
    if Path("/proc/self/statm").exists():
        assert resident is not None
        assert 10_000_000 < resident < 10_000_000_000


def test_the_page_of_the_docs_has_not_drifted() -> None:
    written = (DOCS / "metrics.md").read_text(encoding="utf-8")
    assert written == metrics_page(), "Run: python -m nexus_actors.telemetry.metrics_page > docs/metrics.md"


@pytest.mark.anyio
async def test_a_blocked_loop_is_measured() -> None:
    lags: list[float] = []
    async with anyio.create_task_group() as group:
        group.start_soon(watch_loop_lag, lags.append, anyio.current_time, 0.02)
        await anyio.sleep(0.03)
        blocked_until = time.perf_counter() + 0.15
        while time.perf_counter() < blocked_until:
            sum(range(1_000))
        await anyio.sleep(0.05)
        group.cancel_scope.cancel()
    assert max(lags) > 0.1
    assert min(lags) >= 0


@pytest.mark.anyio
async def test_a_loop_that_is_on_time_or_early_has_no_lag() -> None:
    ticks = iter([0.0, 0.01, 1.0, 1.01, 2.0, 1.99])
    lags: list[float] = []

    def clock() -> float:
        tick = next(ticks, None)
        if tick is None:
            group.cancel_scope.cancel()
            return 0.0
        return tick

    async with anyio.create_task_group() as group:
        group.start_soon(watch_loop_lag, lags.append, clock, 0.01)
    assert lags[:3] == [pytest.approx(0.0), pytest.approx(0.0), 0.0]
