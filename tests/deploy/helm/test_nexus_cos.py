"""The Helm chart: rendered by Helm, checked against the schemas of Kubernetes, and against what services need."""

from typing import Any

import kubernetes_validate
import msgspec
import pytest
import yaml

from nexus_actors.deployment.chart import updated
from nexus_actors.platform.contracts import topic_of
from nexus_actors.platform.loading import load_catalogue
from nexus_actors.service import platform_version
from nexus_actors.settings.config import Settings
from nexus_actors.telemetry.definitions import LAG_SECONDS
from tests.deploy.helm.release import CHART, KEDA, NAMESPACE, Manifest, of_kind, rendered
from tests.deploy.helm.scaled_object import ScaledObject

BUILT = {entry.name: entry for entry in load_catalogue().built()}
MODES: list[dict[str, Any]] = [{}, KEDA, {"autoscaling": {"mode": "none"}}, {"networkPolicy": {"enabled": False}}]
OLDEST, NEWEST = "1.30", "1.37"


@pytest.fixture(scope="module")
def release() -> list[Manifest]:
    return rendered()


def containers(release: list[Manifest]) -> list[tuple[Manifest, Manifest]]:
    """Every container, with the pod that it is in."""
    pods = [manifest["spec"]["template"]["spec"] for manifest in release if "template" in manifest.get("spec", {})]
    return [(pod, container) for pod in pods for container in pod["containers"]]


def test_the_values_are_those_of_the_catalogue() -> None:
    text = (CHART / "values.yaml").read_text()

    assert updated(text, load_catalogue()) == text, "Bring the values up to date: nexus chart"
    services = yaml.safe_load(text)["services"]
    assert {name: service["port"] for name, service in services.items()} == {name: e.port for name, e in BUILT.items()}
    assert {name: service["partitions"] for name, service in services.items()} == {
        name: topic_of(entry).partitions for name, entry in BUILT.items()
    }


def test_the_chart_is_of_this_release() -> None:
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == platform_version()


def test_helm_finds_nothing_wrong() -> None:
    helm = pytest.importorskip("helm_python.chart", reason="There is no wheel of helm-python-sdk for this machine.")
    report = helm.lint(CHART, strict=True, kube_version=f"v{OLDEST}.0")

    assert report["errors"] == []
    assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("values", MODES, ids=str)
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_takes_what_is_rendered(values: dict[str, Any], version: str) -> None:
    for manifest in rendered(values):
        if manifest["kind"] == "ScaledObject":
            msgspec.convert(manifest, ScaledObject)
        else:
            kubernetes_validate.validate(manifest, version, strict=True)


def test_the_check_sees_what_is_wrong(release: list[Manifest]) -> None:
    deployment = of_kind(release, "Deployment")["auth-ms"]
    deployment = {**deployment, "spec": {**deployment["spec"], "replica": 2}}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, NEWEST, strict=True)


@pytest.mark.parametrize("kind", ["Deployment", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler"])
def test_every_service_has_one(release: list[Manifest], kind: str) -> None:
    assert list(of_kind(release, kind)) == sorted(BUILT)


@pytest.mark.parametrize("name", BUILT)
def test_a_service_is_reached_watched_and_drained(release: list[Manifest], name: str) -> None:
    port = BUILT[name].port
    deployment = of_kind(release, "Deployment")[name]["spec"]
    pod = deployment["template"]["spec"]
    (worker,) = pod["containers"]
    (served,) = of_kind(release, "Service")[name]["spec"]["ports"]

    assert worker["args"] == ["worker", name]
    assert (worker["ports"][0]["containerPort"], served["port"], served["targetPort"]) == (port, port, "http")
    assert worker["livenessProbe"]["httpGet"] == worker["startupProbe"]["httpGet"] == {"path": "/health/live", "port": "http"}
    assert worker["readinessProbe"]["httpGet"] == {"path": "/health/ready", "port": "http"}
    drain_s = int(next(each["value"] for each in worker["env"] if each["name"] == "NEXUS_DRAIN_S"))
    assert pod["terminationGracePeriodSeconds"] > worker["lifecycle"]["preStop"]["sleep"]["seconds"] + drain_s
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_selectors_find_the_pods_of_their_service_and_no_others(release: list[Manifest]) -> None:
    labels = {name: each["spec"]["template"]["metadata"]["labels"] for name, each in of_kind(release, "Deployment").items()}
    for kind in ("Service", "Deployment", "PodDisruptionBudget"):
        for name, manifest in of_kind(release, kind).items():
            selector = manifest["spec"]["selector"]
            wanted = selector.get("matchLabels", selector).items()
            assert [pod for pod, has in labels.items() if wanted <= has.items()] == [name], kind


def test_no_container_has_more_rights_than_it_needs(release: list[Manifest]) -> None:
    found = containers(release)
    assert len(found) == len(BUILT) + 1
    for pod, container in found:
        assert pod["automountServiceAccountToken"] is pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]


def test_secrets_are_named_and_given_to_those_alone_who_need_them(release: list[Manifest]) -> None:
    assert of_kind(release, "Secret") == {}
    for _, container in containers(release):
        given = {each["name"]: each for each in container["env"]}
        for name in ("NEXUS_DATABASE_URL", "NEXUS_REDIS_URL"):
            assert set(given[name]["valueFrom"]) == {"secretKeyRef"}
        assert ("NEXUS_AUTH_KEK" in given) == (container["args"] == ["worker", "auth-ms"])


def test_the_settings_are_settings(release: list[Manifest]) -> None:
    url = "postgresql://nexus:{}@db/nexus".format("x7" * 12)
    secret = {"NEXUS_DATABASE_URL": url, "NEXUS_REDIS_URL": url.replace("postgresql", "redis"), "NEXUS_AUTH_KEK": "q8Zr" * 12}
    for _, container in containers(release):
        environ = {each["name"]: each.get("value") or secret[each["name"]] for each in container["env"]}
        settings = Settings.load(environ, secrets=())
        assert (settings.environment, settings.service_host) == ("production", "{service}")


def test_the_schemas_of_the_database_come_before_anything_else(release: list[Manifest]) -> None:
    job = of_kind(release, "Job")["nexus-migrate"]

    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["migrate"]
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_the_network_is_closed_but_for_ports_of_services_names_and_stores() -> None:
    policies = of_kind(rendered({"networkPolicy": {"fromNamespaces": ["ingress"]}}), "NetworkPolicy")

    assert policies["nexus-closed"]["spec"].keys() == {"podSelector", "policyTypes"}
    assert policies["nexus-closed"]["spec"]["policyTypes"] == ["Ingress", "Egress"]
    (rule,) = policies["tracker-ms"]["spec"]["ingress"]
    assert [port["port"] for port in rule["ports"]] == [8081]
    assert rule["from"][1] == {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}
    outward = policies["nexus-outward"]["spec"]["egress"]
    assert {port["port"] for rule in outward for port in rule.get("ports", [])} == {53, 5432, 6379}


def test_workers_are_added_by_lag_in_seconds() -> None:
    values = {**KEDA, "services": {"tracker-ms": {"autoscaling": {"lagSeconds": 2, "maxReplicas": 64}}}}
    objects = of_kind(rendered(values), "ScaledObject")
    spec = msgspec.convert(objects["tracker-ms"], ScaledObject).spec

    assert list(objects) == sorted(BUILT)
    assert spec.triggers[0].metadata.query == f'max({LAG_SECONDS.name}{{service="tracker-ms"}})'
    assert spec.triggers[0].metadata.threshold == "2"
    assert (spec.min_replica_count, spec.max_replica_count) == (2, topic_of(BUILT["tracker-ms"]).partitions)


def test_figures_of_several_releases_are_told_apart() -> None:
    values = {"autoscaling": {**KEDA["autoscaling"], "prometheusSelector": f'namespace="{NAMESPACE}"'}}
    trigger = of_kind(rendered(values), "ScaledObject")["fleet-service"]["spec"]["triggers"][0]

    assert trigger["metadata"]["query"] == 'max(nexus_lag_seconds{service="fleet-service",namespace="prod"})'


def test_one_service_may_be_set_apart() -> None:
    values = {"autoscaling": {"mode": "none"}, "services": {"tracker-ms": {"replicas": 5}}}
    deployments = of_kind(rendered(values), "Deployment")

    assert deployments["tracker-ms"]["spec"]["replicas"] == 5
    assert deployments["fleet-service"]["spec"]["replicas"] == 2


@pytest.mark.parametrize(
    "values",
    [
        {"autoscaling": {"mode": "magic"}},
        {"autoscaling": {"mode": "keda"}},
        {"secrets": {"database": {"name": "", "key": "url"}}},
        {"settings": {"NEXUS_AUTH_KEK": "secret"}},
        {"settings": {"PATH": "/bin"}},
        {"services": {"tracker-ms": {"prot": 1}}},
        {"secret": {}},
    ],
    ids=str,
)
def test_wrong_values_are_refused(values: dict[str, Any]) -> None:
    helm = pytest.importorskip("helm_python", reason="There is no wheel of helm-python-sdk for this machine.")
    with pytest.raises((helm.HelmValuesError, helm.HelmRenderError)):
        rendered(values)
