"""What a new service is called, where it goes, and what is refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.catalogue import DIAGRAM
from modules.catalogue import EXTENSIONS as MODULE
from nexus_actors.platform.catalogue import Catalogue, ServiceEntry
from nexus_actors.platform.catalogue_additions import Addition, extended
from nexus_actors.scaffold.blueprint import EXTENSIONS, FIRST_PORT, LONGEST_NAME, draw, stem_of
from nexus_actors.scaffold.errors import CannotScaffold

DEMO = ServiceEntry(
    name="demo-ms", title="Demo MS", module="Extensions", port=9900, package="modules.extensions.demo", layer="business"
)


def absent(name: str) -> Catalogue:
    """The diagram, with that service not built."""
    services = tuple(entry if entry.name != name else unbuilt(entry) for entry in DIAGRAM.services)
    return Catalogue(services=services, modules=DIAGRAM.modules)


def unbuilt(entry: ServiceEntry) -> ServiceEntry:
    return ServiceEntry(
        name=entry.name, title=entry.title, module=entry.module, port=entry.port, package=None, layer=entry.layer
    )


def test_a_new_service_gets_a_title_a_port_and_a_place() -> None:
    blueprint = draw(DIAGRAM, "demo-ms")

    assert blueprint.entry == DEMO
    assert (blueprint.package, blueprint.scope, blueprint.is_listed) == ("modules.extensions.demo", "demo", False)


def test_the_module_of_extensions_is_that_of_the_catalogue() -> None:
    assert MODULE.title == EXTENSIONS


def test_what_is_asked_for_is_taken() -> None:
    entry = draw(DIAGRAM, "tolls-api", title="Toll Desk", port=8085, module="PUABO NEXUS").entry

    assert (entry.title, entry.port, entry.package) == ("Toll Desk", 8085, "modules.puabo_nexus.tolls")


def test_the_first_free_port_is_taken() -> None:
    demo = Addition(package="modules.extensions.demo", title="Demo MS", port=FIRST_PORT, module="Extensions")

    assert draw(extended(DIAGRAM, {"demo-ms": demo}, [MODULE]), "other-ms").entry.port == FIRST_PORT + 1


@pytest.mark.parametrize("listed", [entry for entry in DIAGRAM.services if entry.layer != "core"], ids=lambda entry: entry.name)
def test_a_service_of_the_diagram_keeps_its_title_port_and_module(listed: ServiceEntry) -> None:
    blueprint = draw(absent(listed.name), listed.name)

    drawn = blueprint.entry
    assert (drawn.title, drawn.port, drawn.module, drawn.layer) == (listed.title, listed.port, listed.module, listed.layer)
    assert blueprint.is_listed
    assert listed.package in {None, blueprint.package}


@given(st.from_regex(re.compile(r"[a-z][a-z0-9]{0,4}(-[a-z0-9]{1,4})?-(ms|api|service)", re.ASCII), fullmatch=True))
def test_what_is_accepted_is_a_package_a_schema_and_a_scope(name: str) -> None:
    try:
        blueprint = draw(DIAGRAM, name)
    except CannotScaffold:
        return
    assert all(part.isidentifier() for part in blueprint.package.split("."))
    assert re.fullmatch(r"[a-z][a-z0-9-]*", blueprint.scope)
    assert len(name) <= LONGEST_NAME


@pytest.mark.parametrize(
    "name",
    [
        "",
        "demo",
        "Demo-ms",
        "demo_ms",
        "-ms",
        "demo--ms",
        "9demo-ms",
        "démo-ms",
        "demo-ms\n",
        "../x-ms",
        "a/b-ms",
        "a" * 30 + "-ms",
    ],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(CannotScaffold, match="is no name for a service"):
        draw(DIAGRAM, name)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("tracker-ms", {}, "tracker-ms is there already: modules.puabo_nexus.tracker"),
        ("class-ms", {}, "reserved"),
        ("pg-stat-ms", {}, "reserved"),
        ("tracker-api", {}, "would share the scopes tracker:read and tracker:write with tracker-ms"),
        ("demo-ms", {"port": 8080}, "Port 8080 is that of fleet-service"),
        ("demo-ms", {"port": 5432}, "Port 5432 cannot be had"),
        ("demo-ms", {"port": 80}, "Port 80 cannot be had"),
        ("demo-ms", {"port": 70_000}, "Port 70000 cannot be had"),
        ("demo-ms", {"module": "Nowhere"}, "There is no module 'Nowhere'"),
        ("demo-ms", {"title": "Fleet Service"}, "a service with the title 'Fleet Service' already"),
        ("demo-ms", {"title": 'a"b'}, "is no title"),
        ("demo-ms", {"title": "x" * 41}, "is no title"),
    ],
)
def test_what_contradicts_the_catalogue_is_refused(name: str, options: dict[str, str | int], message: str) -> None:
    with pytest.raises(CannotScaffold, match=re.escape(message)):
        draw(DIAGRAM, name, **options)  # type: ignore[arg-type] # each case gives what its option takes


def test_a_service_of_the_diagram_takes_no_options() -> None:
    with pytest.raises(CannotScaffold, match="Leave these options out"):
        draw(absent("dsp-api"), "dsp-api", port=9950)


@pytest.mark.parametrize(("name", "stem"), [("fleet-service", "fleet"), ("v-screen-ms", "v-screen"), ("puabo-os", "puabo-os")])
def test_a_stem_is_the_name_without_its_kind(name: str, stem: str) -> None:
    assert stem_of(name) == stem
