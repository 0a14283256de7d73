"""The laws of the code that hold for every module alike, so that a new one needs no entry anywhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
PRODUCT = ("bus", "deploy", "modules", "nexus_actors")
FILES = sorted(file for folder in (*PRODUCT, "tests") for file in (CHECKOUT / folder).rglob("*.py"))
MODULES = sorted((CHECKOUT / "modules").rglob("*.py"))

FILE_LINES = 399
FUNCTION_LINES = 40
# Written in parts, or this file would break its own law.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b|pragma: no" + " cover")
BAGS = {"utils.py", "util.py", "helpers.py", "helper.py", "manager.py", "managers.py", "common.py", "misc.py"}


def relative(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def module_name(file: Path) -> str:
    parts = file.relative_to(CHECKOUT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every module that a file imports, with its line; `from a import b` may mean a.b, and is given so."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def service_of(name: str, services: set[str]) -> str | None:
    """The package of the service that a module belongs to."""
    around = [service for service in services if name == service or name.startswith(f"{service}.")]
    return max(around, key=len, default=None)


def foreign_imports(importer: str, tree: ast.Module, services: set[str]) -> Iterator[tuple[int, str]]:
    """What a module imports of others besides their contracts, and a library of the trade of any module."""
    own_module = importer.split(".")[1:2]
    own_service = service_of(importer, services)
    modules = {service.split(".")[1] for service in services}
    is_library = not modules.issuperset(own_module)
    for line, name in imported_names(tree):
        parts = name.split(".")
        if parts[0] != "modules" or parts[1:2] == ["catalogue"]:
            continue
        service = service_of(name, services)
        if service is not None:
            contract = name.removeprefix(service).split(".")[1:2] == ["contract"]
            allowed = service == own_service or (contract and not is_library)
        else:
            allowed = parts[1:2] == own_module or (not is_library and not modules.issuperset(parts[1:2]))
        if not allowed:
            yield line, name


def services() -> set[str]:
    """Every service's package: a folder below modules that has a contract or a service."""
    return {module_name(file).rpartition(".")[0] for file in MODULES if file.name in {"contract.py", "service.py"}}


def test_a_module_imports_of_another_its_contract_only() -> None:
    known = services()
    broken = [
        f"{relative(file)}:{line} imports {name}"
        for file in MODULES
        for line, name in foreign_imports(module_name(file), ast.parse(file.read_text()), known)
    ]
    assert not broken, "A module sees of another its contract only:\n" + "\n".join(broken)


@pytest.mark.parametrize(
    ("importer", "line", "allowed"),
    [
        ("modules.a.x.actors", "from modules.a.x.domain import rule", True),
        ("modules.a.x.actors", "from modules.a.y.contract import Thing", True),
        ("modules.a.x.actors", "from modules.a.y import contract", True),
        ("modules.a.x.actors", "from modules.a.y.domain import rule", False),
        ("modules.a.x.actors", "import modules.a.y.queries", False),
        ("modules.a.x.actors", "from modules.a.y import domain", False),
        ("modules.a.x.actors", "from modules.a.geometry import Point", True),
        ("modules.b.geometry", "from modules.a.geometry import Point", False),
        ("modules.b.service", "from modules.a.x.contract import Thing", True),
        ("modules.b.service", "from modules.catalogue import entry", True),
        ("modules.b.service", "from modules import catalogue", True),
        ("modules.b.service", "from bus import Event", True),
        ("modules.a.x.domain", "from modules.geometry.point import Point", True),
        ("modules.geometry.line", "from modules.geometry.point import Point", True),
        ("modules.geometry.line", "from modules.a.x.contract import Thing", False),
        ("modules.geometry.line", "from modules.a.shapes import Shape", False),
        ("modules.b.service", "def late():\n    import modules.a.x.actors", False),
    ],
)
def test_the_law_of_contracts_sees(importer: str, line: str, allowed: bool) -> None:
    found = list(foreign_imports(importer, ast.parse(line), {"modules.a.x", "modules.a.y", "modules.b"}))
    assert (not found) is allowed


def faults_of(file: Path) -> Iterator[str]:
    """What a file has against the laws of a file."""
    text = file.read_text()
    lines = text.splitlines()
    if len(lines) > FILE_LINES:
        yield f"{relative(file)} has {len(lines)} lines; cut it where it changes its subject."
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line):
            yield f"{relative(file)}:{number} says of itself that it is not finished: {line.strip()}"
    if file.name in BAGS:
        yield f"{relative(file)} is a bag; name the file after the one thing in it."
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{relative(file)}:{node.lineno} {node.name} has {length} lines; a function has up to {FUNCTION_LINES}."


def test_files_are_short_and_finished() -> None:
    assert FILES
    broken = [fault for file in FILES for fault in faults_of(file)]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("short.py", "x = 1\n" * FILE_LINES, None),
        ("long.py", "x = 1\n" * (FILE_LINES + 1), "has 400 lines"),
        ("open.py", "x = 1  # TO" + "DO: more\n", "not finished"),
        ("utils.py", "x = 1\n", "is a bag"),
        ("small.py", "def f():\n" + "    x = 1\n" * (FUNCTION_LINES - 1), None),
        ("large.py", "async def f():\n" + "    x = 1\n" * FUNCTION_LINES, "has 41 lines"),
    ],
)
def test_the_law_of_files_sees(name: str, text: str, said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.test_laws.CHECKOUT", tmp_path)
    (tmp_path / name).write_text(text)
    found = list(faults_of(tmp_path / name))
    assert len(found) == (said is not None)
    assert said is None or said in found[0]
