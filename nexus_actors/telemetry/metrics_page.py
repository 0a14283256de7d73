"""The table of metrics for docs/metrics.md. Write it anew with ``python -m nexus_actors.telemetry.metrics_page``."""

import sys
from collections.abc import Sequence
from typing import Final

from nexus_actors.telemetry.definitions import METRICS, Metric

_HEAD: Final = """\
# Metrics

Every service shows them at `/metrics` on its port, in the text format of Prometheus or, on request, of OpenMetrics. A page has
the metrics of its service, and those of the process, which have no label `service`. Names and labels are an API: they change
only with a line in the CHANGELOG. Who sees them: [HTTP and the gateway](http.md).

Made from `nexus_actors/telemetry/definitions.py` by `python -m nexus_actors.telemetry.metrics_page > docs/metrics.md`.

| metric | kind | labels | meaning |
|---|---|---|---|
"""
_MIDDLE: Final = """
## Buckets

Upper bounds of the histograms.

| metric | buckets |
|---|---|
"""


def metrics_page(metrics: Sequence[Metric] = METRICS) -> str:
    """The page, in Markdown."""
    rows = [f"| `{m.name}` | {m.kind} | {', '.join(m.labels) or '-'} | {m.help} |\n" for m in metrics]
    buckets = [f"| `{m.name}` | {', '.join(f'{bound:g}' for bound in m.buckets)} |\n" for m in metrics if m.buckets]
    return "".join([_HEAD, *rows, _MIDDLE, *buckets])


if __name__ == "__main__":
    sys.stdout.write(metrics_page())
