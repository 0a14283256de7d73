"""Histograms of our own show what those of the Prometheus library show."""

import prometheus_client
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from nexus_actors.telemetry.definitions import Metric
from nexus_actors.telemetry.histogram import Histogram

METRIC = Metric(name="took_seconds", kind="histogram", help="How long.", labels=("who",), buckets=(0.0001, 0.25, 1.0, 14_400.0))
VALUES = st.one_of(st.sampled_from((0.0, *METRIC.buckets)), st.floats(0, 20_000))


def shown(registry: CollectorRegistry) -> list[str]:
    return sorted(line for line in generate_latest(registry).decode().splitlines() if "_created" not in line)


@given(st.lists(st.tuples(st.sampled_from("ab"), VALUES)))
def test_it_shows_what_the_library_would(observed: list[tuple[str, float]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    quick = Histogram(METRIC)
    ours.register(quick)
    known = prometheus_client.Histogram(METRIC.name, METRIC.help, METRIC.labels, registry=theirs, buckets=METRIC.buckets)
    for who, value in observed:
        quick.labels(who).observe(value)
        known.labels(who).observe(value)
    assert shown(ours) == shown(theirs)
