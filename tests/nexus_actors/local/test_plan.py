"""What is to run: which services, under which settings."""

import os
from pathlib import Path

import pytest

from nexus_actors.errors import ConfigError
from nexus_actors.local.errors import CannotStart
from nexus_actors.local.home import Home
from nexus_actors.local.plan import choose, make_plan, overridden
from nexus_actors.platform.catalogue import Catalogue, ServiceEntry


def entry(name: str, port: int, package: str | None) -> ServiceEntry:
    return ServiceEntry(name=name, title=name, module=None, port=port, package=package, layer="business")


CATALOGUE = Catalogue(
    services=(entry("one-ms", 1, "a.one"), entry("two-ms", 2, None), entry("three-ms", 3, "a.three")), modules=()
)


def test_all_that_are_built_run_unless_some_are_named() -> None:
    assert [service.name for service in choose(CATALOGUE, [])] == ["one-ms", "three-ms"]
    assert [service.name for service in choose(CATALOGUE, ["three-ms"])] == ["three-ms"]
    assert [service.name for service in choose(CATALOGUE, ["three-ms", "one-ms"])] == ["one-ms", "three-ms"]


def test_what_is_not_built_or_not_known_is_refused() -> None:
    with pytest.raises(CannotStart, match=r"Not built yet: two-ms\. Name some of: one-ms, three-ms"):
        choose(CATALOGUE, ["one-ms", "two-ms"])
    with pytest.raises(CannotStart, match="no service 'four-ms'"):
        choose(CATALOGUE, ["four-ms"])


def test_a_worker_gets_the_settings_the_key_and_the_servers(tmp_path: Path) -> None:
    home = Home(tmp_path)
    plan = make_plan(CATALOGUE, home, {"NEXUS_DATA_DIR": str(tmp_path), "NEXUS_WORKERS": "2", "PATH": "/bin"})
    environ = plan.worker_environ("postgresql://a@b/c", "redis://d")
    assert plan.settings.workers == 2
    assert environ["NEXUS_WORKERS"] == "2"
    assert environ["NEXUS_DATABASE_URL"] == "postgresql://a@b/c"
    assert environ["NEXUS_REDIS_URL"] == "redis://d"
    assert environ["NEXUS_LOG_FORMAT"] == "json"
    assert environ["NEXUS_AUTH_KEK"] == (tmp_path / "auth-kek").read_text()
    assert len(environ["NEXUS_AUTH_KEK"]) >= 32
    assert environ["PATH"] == "/bin"
    assert Path(environ["PYTHONPATH"].split(os.pathsep)[0], "nexus_actors").is_dir()


def test_the_key_stays_the_same(tmp_path: Path) -> None:
    environ = {"NEXUS_DATA_DIR": str(tmp_path)}
    first, second = (make_plan(CATALOGUE, Home(tmp_path), environ) for _ in range(2))
    assert first.environ["NEXUS_AUTH_KEK"] == second.environ["NEXUS_AUTH_KEK"]


def test_a_key_that_is_given_is_taken(tmp_path: Path) -> None:
    plan = make_plan(CATALOGUE, Home(tmp_path), {"NEXUS_DATA_DIR": str(tmp_path), "NEXUS_AUTH_KEK": "x" * 40})
    assert plan.environ["NEXUS_AUTH_KEK"] == "x" * 40
    assert not (tmp_path / "auth-kek").exists()


def test_production_gets_no_key_from_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="NEXUS_AUTH_KEK is missing"):
        make_plan(CATALOGUE, Home(tmp_path), {"NEXUS_DATA_DIR": str(tmp_path), "NEXUS_ENVIRONMENT": "production"})


def test_the_command_line_overrides_the_variables() -> None:
    environ = overridden({"NEXUS_WORKERS": "2", "A": "b"}, workers=3, port_offset=None)
    assert environ == {"NEXUS_WORKERS": "3", "A": "b"}


@pytest.mark.parametrize(("given", "expected"), [({}, "yes"), ({"NEXUS_SHOW_FAULTS": "no"}, "no")])
def test_in_development_who_asks_is_shown_what_a_handler_raised(tmp_path: Path, given: dict[str, str], expected: str) -> None:
    plan = make_plan(CATALOGUE, Home(tmp_path), {"NEXUS_DATA_DIR": str(tmp_path), **given})
    assert plan.settings.show_faults == expected
    assert plan.environ["NEXUS_SHOW_FAULTS"] == expected
