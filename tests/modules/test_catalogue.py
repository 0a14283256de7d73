"""The platform's catalogue, against the facts of its architecture diagram."""

import re
from pathlib import Path

import pytest

from modules.catalogue import CATALOGUE, DIAGRAM, entry

_BOX = re.compile(r"^│.*│$")
_CELL = re.compile(r"│\s*([^│]*?)\s*(?=│)")
_PORT = re.compile(r"Port: (\d+)")
_HEADING = re.compile(r"^### (?P<title>.+?)(?: - (?P<field>[^()]+))? \(Ports? [^)]*\)$")


def test_counts_25_services_in_13_modules() -> None:
    outside = [service.name for service in DIAGRAM.services if service.module is None]

    assert len(DIAGRAM.services) == 25
    assert len(DIAGRAM.modules) == 13
    assert outside == ["auth-ms", "scheduler-ms"]
    assert all(DIAGRAM.of_module(module.title) for module in DIAGRAM.modules)


def test_layers_follow_the_modules() -> None:
    for service in DIAGRAM.services:
        expected = "business"
        if service.module is None:
            expected = "infrastructure"
        elif service.module == "PUABO OS":
            expected = "core"
        assert service.layer == expected, service.name


def test_entry_finds_by_name_and_refuses_unknown_names() -> None:
    assert entry("fleet-service").port == 8080
    with pytest.raises(LookupError, match="no service 'fleet-ms'"):
        entry("fleet-ms")


def test_built_services_lie_under_modules() -> None:
    for service in CATALOGUE.built():
        assert service.package is not None
        assert service.package.startswith("modules.")


@pytest.mark.reference
def test_titles_and_ports_are_those_of_the_diagram(shared_data: Path) -> None:
    drawn = _boxes((shared_data.parent / "seed" / "ARCHITECTURE_DIAGRAM.md").read_text(encoding="utf-8"))
    stores = {"PostgreSQL": 5432, "Redis": 6380}

    assert drawn == stores | {service.title: service.port for service in DIAGRAM.services}


@pytest.mark.reference
def test_modules_are_those_of_the_diagram(shared_data: Path) -> None:
    text = (shared_data.parent / "seed" / "ARCHITECTURE_DIAGRAM.md").read_text(encoding="utf-8")
    titles = [match["title"] for line in text.splitlines() if (match := _HEADING.match(line))]
    business = [module for module in DIAGRAM.modules if module.title != "PUABO OS"]

    assert titles == [module.title for module in business]
    for module in business:
        assert f" {module.subtitle} " in text
    assert "**Total Modules**: 13" in text
    assert "**Total Services**: 25" in text


@pytest.mark.reference
def test_modules_hold_the_services_drawn_under_their_headings(shared_data: Path) -> None:
    text = (shared_data.parent / "seed" / "ARCHITECTURE_DIAGRAM.md").read_text(encoding="utf-8")
    sections = re.split(r"^##+ ", text, flags=re.MULTILINE)
    for module in DIAGRAM.modules[1:]:
        section = next(part for part in sections if part.startswith((f"{module.title} -", f"{module.title} (")))
        assert _boxes(section) == {service.title: service.port for service in DIAGRAM.of_module(module.title)}


def _boxes(text: str) -> dict[str, int]:
    """Title and port of every service box: the title stands in the line above the port, in the same column."""
    found: dict[str, int] = {}
    above: list[str] = []
    for line in text.splitlines():
        cells = [cell for cell in _CELL.findall(line) if cell] if _BOX.match(line) else []
        for index, cell in enumerate(cells):
            port = _PORT.fullmatch(cell)
            if port and index < len(above):
                found[above[index]] = int(port[1])
        above = cells
    return found
