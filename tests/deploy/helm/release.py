"""The chart as Helm renders it, by its own code (helm-python-sdk holds the Go library of Helm 4)."""

from pathlib import Path
from typing import Any

import pytest
import yaml

CHART = Path(__file__).resolve().parents[3] / "deploy/helm/nexus-cos"
NAMESPACE = "prod"
KEDA: dict[str, Any] = {"autoscaling": {"mode": "keda", "prometheusUrl": "http://prometheus:9090"}}

Manifest = dict[str, Any]


def rendered(values: dict[str, Any] | None = None) -> list[Manifest]:
    """What would be sent to Kubernetes."""
    helm = pytest.importorskip("helm_python", reason="There is no wheel of helm-python-sdk for this machine.")
    with helm.Chart.load(CHART) as chart:
        chart.validate_schema(values or {})
        files = chart.render(values or {}, name="nexus", namespace=NAMESPACE, is_install=True)
    texts = [text for name, text in files.items() if name.endswith(".yaml")]
    return [manifest for text in texts for manifest in yaml.safe_load_all(text) if manifest]


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    """The manifests of a kind, by name."""
    return {manifest["metadata"]["name"]: manifest for manifest in manifests if manifest["kind"] == kind}
