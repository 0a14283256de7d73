"""What is written in a service's package and never named."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from bus import ContractError

PARTS = """
from bus import Command, Topic
from nexus_actors import Actor, Context, GaveUp, Job, Report, Work, handles

PANTRY = Topic("{name}-ms")

class Store(Command[None], topic=PANTRY, key="shelf"):
    shelf: str

class Take(Command[None], topic=PANTRY, key="shelf"):
    shelf: str

class Order(Command[None], topic=Topic("farm-ms"), key="farm"):
    farm: str

class Count(Job, topic=PANTRY, key="shelf"):
    shelf: str

class Base(Actor[None]):
    @handles
    def store(self, message: Store, ctx: Context) -> None: ...

class Shelf(Base):
    @handles
    def take(self, message: Take, ctx: Context) -> None: ...

class Counting(Work[Count]):
    def run(self, job: Count, report: Report) -> Take: ...
    def ended(self, job: Count, end: GaveUp) -> Take: ...
"""
SERVICE = """
from {name}.parts import *
from nexus_actors import Service, ServiceEntry

service = Service(
    ServiceEntry(name="{name}-ms", title="P", module=None, port=1, package="{name}", layer="business"),
    topic=PANTRY, actors=[{actors}], works=[{works}],
)
"""

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Write]:
    """Writes a package with a service that names some of what there is; its name."""
    name = "pantry_" + str(abs(hash(request.node.name)))
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(actors: str = "Shelf", works: str = "Counting", module: str = "service") -> str:
        package = tmp_path / name
        package.mkdir()
        (package / "__init__.py").touch()
        texts = {"parts": PARTS, module: SERVICE}
        for part, text in texts.items():
            topic_name = name.replace("_", "-")
            written = dedent(text).replace("{name}-ms", f"{topic_name}-ms").replace("{name}", name)
            (package / f"{part}.py").write_text(written.replace("{actors}", actors).replace("{works}", works))
        return name

    yield make
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        del sys.modules[module]


def imported(name: str) -> None:
    __import__(name)


def test_a_package_of_which_all_is_named_makes_a_service(write: Write) -> None:
    imported(f"{write()}.service")


@pytest.mark.parametrize(
    ("actors", "works", "words"),
    [
        ("", "", "Base has handlers and is not among"),
        ("Base", "Counting", "Shelf has handlers and is not among"),
        ("Shelf", "", "Counting is not among Service"),
    ],
)
def test_what_is_left_out_is_named(write: Write, actors: str, works: str, words: str) -> None:
    name = write(actors, works)
    with pytest.raises(ContractError, match=words):
        imported(f"{name}.service")


@pytest.mark.parametrize(
    ("gone", "words"),
    [("    @handles\n    def take", "No actor handles the command Take"), ("class Counting", "No work does the job Count")],
)
def test_a_command_or_a_job_that_nobody_takes_is_refused(write: Write, tmp_path: Path, gone: str, words: str) -> None:
    name = write(works="Counting" if "take" in gone else "")
    parts = tmp_path / name / "parts.py"
    before, _, rest = parts.read_text().partition(gone)
    parts.write_text(before + ("    def _take" + rest if "take" in gone else ""))
    with pytest.raises(ContractError, match=words):
        imported(f"{name}.service")


def test_of_a_module_of_another_name_nothing_is_asked(write: Write) -> None:
    imported(f"{write(actors='', works='', module='trial')}.trial")


def test_a_module_may_be_imported_again(write: Write) -> None:
    name = write()
    imported(f"{name}.service")
    for module in ("parts", "service"):
        importlib.reload(sys.modules[f"{name}.{module}"])
    for module in ("parts", "service"):
        del sys.modules[f"{name}.{module}"]
    imported(f"{name}.service")


def test_what_is_left_out_is_named_after_a_reload_too(write: Write, tmp_path: Path) -> None:
    name = write()
    imported(f"{name}.service")
    importlib.reload(sys.modules[f"{name}.parts"])
    service = tmp_path / name / "service.py"
    service.write_text(service.read_text().replace("[Shelf]", "[Base]"))
    with pytest.raises(ContractError, match="Shelf has handlers and is not among"):
        importlib.reload(sys.modules[f"{name}.service"])


def test_migrations_that_nobody_would_read_are_refused(write: Write, tmp_path: Path) -> None:
    name = write()
    folder = tmp_path / name / "migration"
    folder.mkdir()
    (folder / "0001_shelves.sql").touch()
    with pytest.raises(ContractError, match="Rename the folder"):
        imported(f"{name}.service")
    folder.rename(tmp_path / name / "migrations")
    imported(f"{name}.service")
