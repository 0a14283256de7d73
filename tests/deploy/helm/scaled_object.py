"""What KEDA takes (keda.sh/v1alpha1, "Scaling Deployments", KEDA 2): its schemas are no part of those of Kubernetes.

Only the fields that the chart uses are here, and no others are let through.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Count = Annotated[int, Meta(ge=1)]


class Target(Struct, forbid_unknown_fields=True, rename="camel"):
    api_version: Literal["apps/v1"]
    kind: Literal["Deployment"]
    name: str


class Prometheus(Struct, forbid_unknown_fields=True, rename="camel"):
    """All of these are texts ("Prometheus scaler")."""

    server_address: str
    query: str
    threshold: str
    ignore_null_values: Literal["true", "false"]


class Trigger(Struct, forbid_unknown_fields=True, rename="camel"):
    type: Literal["prometheus"]
    metric_type: Literal["AverageValue", "Value"]
    metadata: Prometheus


class Advanced(Struct, forbid_unknown_fields=True, rename="camel"):
    horizontal_pod_autoscaler_config: dict[Literal["behavior", "name"], Any]


class Spec(Struct, forbid_unknown_fields=True, rename="camel"):
    scale_target_ref: Target
    min_replica_count: Count
    max_replica_count: Count
    polling_interval: Count
    advanced: Advanced
    triggers: list[Trigger]


class ScaledObject(Struct, forbid_unknown_fields=True, rename="camel"):
    api_version: Literal["keda.sh/v1alpha1"]
    kind: Literal["ScaledObject"]
    metadata: dict[str, Any]
    spec: Spec
