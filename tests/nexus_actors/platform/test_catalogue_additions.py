"""Services that join the catalogue beside its list."""

from pathlib import Path

import pytest

from nexus_actors.platform.catalogue import Catalogue, ModuleEntry, ServiceEntry
from nexus_actors.platform.catalogue_additions import Addition, extended, read_additions

ORCHARD = ModuleEntry(title="Orchard", subtitle="Trees")
EXTRA = ModuleEntry(title="Extra", subtitle="The Rest")


def service(name: str, port: int, package: str | None = None) -> ServiceEntry:
    return ServiceEntry(name=name, title=name, module="Orchard", port=port, package=package, layer="business")


LIST = Catalogue(services=(service("apple-ms", 9000, "modules.apple"), service("pear-ms", 9001)), modules=(ORCHARD,))


def test_files_are_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "pear-ms.toml").write_text('package = "modules.pear"\n')
    (tmp_path / "plum-ms.toml").write_text('package = "modules.plum"\ntitle = "Plum"\nport = 9002\nmodule = "Orchard"\n')
    (tmp_path / "notes.txt").write_text("no service")

    assert read_additions(tmp_path) == {
        "pear-ms": Addition(package="modules.pear"),
        "plum-ms": Addition(package="modules.plum", title="Plum", port=9002, module="Orchard"),
    }
    assert read_additions(tmp_path / "nowhere") == {}


@pytest.mark.parametrize("text", ["", "package = 1", 'package = "a"\nprot = 3', "package"])
def test_a_file_that_describes_no_service_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "pear-ms.toml").write_text(text)
    with pytest.raises(ValueError, match=r"pear-ms\.toml does not describe a service"):
        read_additions(tmp_path)


def test_a_listed_service_becomes_built_and_stays_in_its_place() -> None:
    built = extended(LIST, {"pear-ms": Addition(package="modules.pear")}, [EXTRA])

    assert [entry.name for entry in built.services] == ["apple-ms", "pear-ms"]
    assert built.named("pear-ms") == service("pear-ms", 9001, "modules.pear")
    assert built.modules == (ORCHARD,)


def test_a_new_service_comes_last_and_brings_its_module() -> None:
    plum = Addition(package="modules.plum", title="Plum", port=9002, module="Extra")

    grown = extended(LIST, {"plum-ms": plum}, [EXTRA])

    assert grown.services[-1] == ServiceEntry(
        name="plum-ms", title="Plum", module="Extra", port=9002, package="modules.plum", layer="business"
    )
    assert grown.modules == (ORCHARD, EXTRA)


@pytest.mark.parametrize(
    ("name", "addition", "message"),
    [
        ("apple-ms", Addition(package="modules.other"), "apple-ms has a package in the list already"),
        ("pear-ms", Addition(package="modules.pear", port=9), "pear-ms has its title, port and module from the list"),
        ("plum-ms", Addition(package="modules.plum"), "plum-ms is not in the list"),
        ("plum-ms", Addition(package="modules.plum", title="Plum", port=9001, module="Orchard"), "port 9001 more than once"),
        (
            "plum-ms",
            Addition(package="modules.plum", title="Plum", port=9002, module="Sea"),
            "module 'Sea', which is not listed",
        ),
    ],
)
def test_what_contradicts_the_list_is_refused(name: str, addition: Addition, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        extended(LIST, {name: addition}, [EXTRA])
