"""The text of a new service's files."""

import ast

import pytest
from msgspec.structs import replace

from modules.catalogue import DIAGRAM
from nexus_actors.platform.catalogue import Catalogue
from nexus_actors.scaffold.blueprint import LONGEST_NAME, draw
from nexus_actors.scaffold.files import files_of
from nexus_actors.scaffold.imports import LINE, in_order

FILES = files_of(draw(DIAGRAM, "long-distance-ms"))


def test_there_is_a_file_for_every_room() -> None:
    folder = "modules/extensions/long_distance"
    rooms = ["__init__", "contract", "domain", "tables", "actors", "jobs", "routes", "service"]

    assert list(FILES) == [
        *(f"{folder}/{room}.py" for room in rooms),
        f"{folder}/migrations/0001_items.sql",
        f"tests/{folder}/conftest.py",
        f"tests/{folder}/test_domain.py",
        f"tests/{folder}/test_items.py",
        f"tests/{folder}/test_care.py",
        f"tests/{folder}/test_over_http.py",
        "modules/additions/long-distance-ms.toml",
    ]


@pytest.mark.parametrize("path", [path for path in FILES if path.endswith(".py")])
def test_code_is_code_of_that_service(path: str) -> None:
    tree = ast.parse(FILES[path])

    assert ast.get_docstring(tree)
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    ours = {name for name in imported if name.startswith("modules.")}
    assert all(name == "modules.catalogue" or name.startswith("modules.extensions.long_distance") for name in ours)


def test_its_types_have_a_name_of_their_own() -> None:
    contract = FILES["modules/extensions/long_distance/contract.py"]

    assert "class AddLongDistanceItem(Create[LongDistanceItem]" in contract
    assert 'READ = "long-distance:read"' in contract


@pytest.mark.parametrize("stem", ["x", "a" * (LONGEST_NAME - len("-ms"))])
def test_no_line_is_too_long_whatever_the_name(stem: str) -> None:
    for path, text in files_of(draw(DIAGRAM, f"{stem}-ms")).items():
        assert max(map(len, text.splitlines())) <= LINE, path


def test_a_listed_service_is_added_by_its_package_alone() -> None:
    listed = tuple(replace(entry, package=None) for entry in DIAGRAM.services)
    blueprint = draw(Catalogue(services=listed, modules=DIAGRAM.modules), "dsp-api")

    assert files_of(blueprint)["modules/additions/dsp-api.toml"] == 'package = "modules.puabo_dsp.dsp"\n'


def test_imports_are_put_in_order_block_by_block() -> None:
    text = "from b import z, AnItem, ONE, AddIt\nfrom a import c\n\nfrom z import y\nfrom x import w\nx = 1\n"

    assert in_order(text) == "from a import c\nfrom b import ONE, AddIt, AnItem, z\n\nfrom x import w\nfrom z import y\nx = 1\n"


def test_imports_too_long_for_a_line_take_several() -> None:
    names = [f"Name{number}{'x' * 40}" for number in range(3)]

    assert in_order(f"from a import {', '.join(names)}") == "from a import (\n" + "".join(f"    {n},\n" for n in names) + ")"
