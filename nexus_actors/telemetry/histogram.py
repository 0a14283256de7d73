"""Histograms for the event loop."""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate

import prometheus_client
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from nexus_actors.telemetry import definitions as d


class Series:
    """One series of a histogram.

    Attributes:
        sum: all values together.
        counts: how many values lie in each bucket and in none below it; the last one has no bound.
    """

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.sum = 0.0
        self.counts = [0] * (len(bounds) + 1)

    def observe(self, value: float) -> None:
        """One more value."""
        self.sum += value
        self.counts[bisect_left(self._bounds, value)] += 1


class Histogram(Collector):
    """A histogram that one thread observes, without a lock for each value: each call of a handler is one.

    What is shown is what `prometheus_client.Histogram` shows.
    """

    def __init__(self, metric: d.Metric) -> None:
        self._metric = metric
        self._bounds = [*map(str, metric.buckets), "+Inf"]
        self._series: dict[tuple[str, ...], Series] = {}

    def labels(self, *values: str) -> Series:
        """The series with these values of the metric's labels, in their order; the same object each time."""
        found = self._series.get(values)
        if found is None:
            found = self._series[values] = Series(self._metric.buckets)
        return found

    @override
    def collect(self) -> Iterable[prometheus_client.Metric]:
        """See `prometheus_client.registry.Collector`."""
        family = HistogramMetricFamily(self._metric.name, self._metric.help, labels=self._metric.labels)
        for values, series in self._series.items():
            family.add_metric(values, list(zip(self._bounds, accumulate(series.counts), strict=True)), series.sum)
        yield family
