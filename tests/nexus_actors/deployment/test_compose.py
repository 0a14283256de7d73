"""The services in the compose file, made from the catalogue."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from nexus_actors.deployment.compose import BEGIN, END, ComposeFault, port_variable, services, updated
from nexus_actors.platform import bootstrap
from nexus_actors.platform.catalogue import Catalogue, ServiceEntry
from nexus_actors.platform.loading import has_part, load_catalogue

CATALOGUE = load_catalogue()
FILE = Path(__file__).resolve().parents[3] / "deploy" / "docker-compose.nexus-full.yml"


def blocks(text: str) -> dict[str, str]:
    """The text of each service of a compose file, by name."""
    body = text.partition("\nservices:\n")[2] or text
    parts = re.split(r"^  ([a-z][a-z0-9-]*):", body.partition("\nnetworks:\n")[0], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def small(port: int = 7_000) -> Catalogue:
    """One service that is built, and one that is not."""
    built = ServiceEntry(name="kettle-ms", title="Kettle", module=None, port=port, package="modules.puabo_os", layer="business")
    absent = ServiceEntry(name="pot-ms", title="Pot", module=None, port=7_001, package=None, layer="business")
    return Catalogue(modules=(), services=(built, absent))


def test_the_file_in_the_checkout_is_that_of_the_catalogue() -> None:
    text = FILE.read_text()
    assert updated(text, CATALOGUE) == text, "Run: nexus deploy compose"


def test_each_built_service_stands_there_under_its_name_and_port_and_no_other() -> None:
    found = blocks(FILE.read_text())
    names = [entry.name for entry in CATALOGUE.built()]
    assert set(found) == {"postgres", "redis", *names, *(f"{name}-workers" for name in names)}
    for entry in CATALOGUE.built():
        assert f'"${{NEXUS_BIND:-127.0.0.1}}:${{{port_variable(entry.name)}:-{entry.port}}}:{entry.port}"' in found[entry.name]
        assert f'HEALTH_PORTS: "{entry.port}"' in found[entry.name]


def test_one_that_is_not_built_is_left_out() -> None:
    made = services(small())
    assert "  kettle-ms: &kettle-ms\n" in made
    assert "pot-ms" not in made


def test_further_workers_publish_nothing_and_start_when_named() -> None:
    workers = blocks(services(small()))["kettle-ms-workers"]
    assert "ports: []" in workers
    assert "profiles: [workers]" in workers
    assert "<<: *kettle-ms" in workers


def test_no_service_has_a_fixed_name_so_that_it_may_be_scaled() -> None:
    found = blocks(FILE.read_text())
    assert {name for name, text in found.items() if "container_name:" in text} == {"postgres", "redis"}


def test_the_key_goes_to_the_keeper_of_accounts_alone() -> None:
    found = blocks(FILE.read_text())
    keepers = {entry.name for entry in CATALOGUE.built() if has_part(entry, bootstrap.MODULE)}
    assert {name for name, text in found.items() if "NEXUS_AUTH_KEK" in text} == keepers == {"auth-ms"}


def secret_uses(text: str) -> Iterator[str]:
    yield from re.findall(r"\$\{[^}]*(?:PASSWORD|KEK)[^}]*\}", text)


def test_secrets_come_from_outside_and_are_demanded() -> None:
    text = FILE.read_text()
    uses = list(secret_uses(text))
    assert len(uses) >= 4
    assert all(":?Make the secrets first: nexus deploy init}" in use for use in uses)
    for line in text.splitlines():
        if re.search(r"(PASSWORD|KEK|REDISCLI_AUTH): ", line):
            assert "${" in line, line


def test_all_ports_are_bound_to_loopback_unless_asked_otherwise() -> None:
    published = re.findall(r'"([^"]*:[0-9]+)"', FILE.read_text())
    ports = [one for one in published if one.startswith("${")]
    assert len(ports) == 2 + len(CATALOGUE.built())
    assert all(port.startswith("${NEXUS_BIND:-127.0.0.1}:") for port in ports)


def test_redis_loses_nothing_by_itself() -> None:
    redis = blocks(FILE.read_text())["redis"]
    for words in ("--appendonly yes", "--maxmemory-policy noeviction", "requirepass", "${REDIS_PORT:-6380}:6379"):
        assert words in redis


@pytest.mark.parametrize("mark", [BEGIN, END])
def test_a_file_without_its_marks_is_refused_with_advice(mark: str) -> None:
    with pytest.raises(ComposeFault, match="Put back these lines"):
        updated(FILE.read_text().replace(mark, ""), CATALOGUE)


def test_what_stands_around_the_services_is_left_as_it_is() -> None:
    text = f"before\n{BEGIN}old\n{END}after\n"
    fresh = updated(text, small())
    assert fresh.startswith(f"before\n{BEGIN}")
    assert fresh.endswith(f"{END}after\n")
    assert "old" not in fresh
    assert updated(fresh, small()) == fresh
    assert updated(fresh, small(port=7_002)) != fresh
