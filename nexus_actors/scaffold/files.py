"""The files of a new service, from the templates in this package."""

import re
from importlib.resources import files
from typing import Final

from nexus_actors.platform.catalogue_additions import SUFFIX
from nexus_actors.scaffold.blueprint import Blueprint
from nexus_actors.scaffold.imports import in_order

_PLACE: Final = re.compile(r"@([A-Za-z]+)@")
_CODE: Final = ("contract.py", "domain.py", "tables.py", "actors.py", "jobs.py", "routes.py", "service.py")
_TESTS: Final = ("conftest.py", "test_domain.py", "test_items.py", "test_care.py", "test_over_http.py")
_MIGRATION: Final = "0001_items.sql"


def files_of(blueprint: Blueprint) -> dict[str, str]:
    """What is written for a service: text by path in the checkout. The file that adds it to the catalogue is the last."""
    folder = blueprint.package.replace(".", "/")
    # Its own word for the thing it keeps: types of all services meet in the platform's documents.
    noun = "".join(word.capitalize() for word in blueprint.scope.split("-")) + "Item"
    values = {"name": blueprint.entry.name, "package": blueprint.package, "scope": blueprint.scope, "Item": noun}
    made = {f"{folder}/__init__.py": _about(blueprint)}
    made |= {f"{folder}/{name}": _filled(name, values) for name in _CODE}
    made[f"{folder}/migrations/{_MIGRATION}"] = _filled(_MIGRATION, values)
    made |= {f"tests/{folder}/{name}": _filled(name, values) for name in _TESTS}
    made[f"modules/additions/{blueprint.entry.name}{SUFFIX}"] = _addition(blueprint)
    return made


def shared_files_of(blueprint: Blueprint) -> dict[str, str]:
    """What services of a module share, written where it is not there yet."""
    folder = blueprint.package.replace(".", "/").rpartition("/")[0]
    return {f"{folder}/__init__.py": f'"""{blueprint.module_title}."""\n'}


def _filled(name: str, values: dict[str, str]) -> str:
    template = files(__package__).joinpath("templates", f"{name}.tmpl").read_text(encoding="utf-8")
    return in_order(_PLACE.sub(lambda place: values[place[1]], template))


def _about(blueprint: Blueprint) -> str:
    entry = blueprint.entry
    return f'"""{entry.title} ({entry.name}, port {entry.port}): items, each with a name."""\n'


def _addition(blueprint: Blueprint) -> str:
    entry = blueprint.entry
    lines = [f'package = "{entry.package}"']
    if not blueprint.is_listed:
        lines += [f'title = "{entry.title}"', f"port = {entry.port}", f'module = "{entry.module}"']
    return "\n".join(lines) + "\n"
