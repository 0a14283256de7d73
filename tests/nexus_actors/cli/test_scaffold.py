"""`nexus scaffold`, in a copy of this checkout: what it makes starts, answers, and passes lint, laws and its own tests."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from nexus_actors.local.health import look
from nexus_actors.platform.catalogue import Catalogue, ServiceEntry
from tests.end_to_end.machine import CHECKOUT
from tests.end_to_end.waiting import until
from tests.ports import claim_offset

COPIED = ("bus", "deploy", "docs", "modules", "nexus_actors", "pyproject.toml")
TESTS = (
    "__init__.py",
    "absence.py",
    "budgets.py",
    "conftest.py",
    "contracts",
    "databases.py",
    "event_loop.py",
    "ports.py",
    "redis_servers",
    "test_laws.py",
    "test_service_laws.py",
    "thorough.py",
)
DEMO_PORT = 9_900
DEMO = ServiceEntry(name="demo-ms", title="Demo MS", module=None, port=DEMO_PORT, package=None, layer="business")
_WITHIN_S = 100

pytestmark = pytest.mark.timeout(120)


class Copy:
    """A copy of this checkout, which may be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        for name in COPIED:
            self._copy(name)
        for name in TESTS:
            self._copy(f"tests/{name}")

    def _copy(self, name: str) -> None:
        source, target = CHECKOUT / name, self.folder / name
        target.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.whl", ".env"))
        else:
            shutil.copy(source, target)

    @property
    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("NEXUS_")}
        return kept | {"PYTHONPATH": str(self.folder)}

    def run(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a module of Python in the copy."""
        return subprocess.run(
            [sys.executable, "-P", "-m", module, *arguments],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_WITHIN_S,
            check=False,
        )

    def scaffold(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("nexus_actors.cli", "scaffold", *arguments)

    def files(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("scaffold") / "checkout")


@pytest.fixture(scope="module")
def scaffolded(copy: Copy) -> Copy:
    """The copy, with demo-ms."""
    made = copy.scaffold("demo-ms")
    assert made.returncode == 0, made.stdout
    assert "demo-ms: modules/extensions/demo/service.py" in made.stdout
    return copy


def test_what_is_made_is_in_the_catalogue_the_documents_and_the_compose_file(scaffolded: Copy) -> None:
    program = "import msgspec; from modules.catalogue import CATALOGUE; print(msgspec.json.encode(CATALOGUE).decode())"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=scaffolded.folder, env=scaffolded.environ, capture_output=True, check=True
    )
    catalogue = msgspec.json.decode(told.stdout, type=Catalogue)

    assert catalogue.named("demo-ms").port == DEMO_PORT
    assert catalogue.named("demo-ms").is_built
    assert catalogue.modules[-1].title == "Extensions"
    compose = (scaffolded.folder / "deploy/docker-compose.nexus-full.yml").read_text()
    assert "command: [worker, demo-ms]" in compose
    assert ":9900" in compose
    assert "  demo-ms:\n    port: 9900\n" in (scaffolded.folder / "deploy/helm/nexus-cos/values.yaml").read_text()
    assert (scaffolded.folder / "docs/api/demo-ms.openapi.json").is_file()
    verified = scaffolded.run("nexus_actors.cli", "verify", "--port-offset", "40000").stdout
    assert "EXTENSIONS - Services Beyond the Diagram" in verified
    assert "Demo MS" in verified


def test_the_first_steps_of_the_guide_fit_what_is_made(scaffolded: Copy) -> None:
    steps = (CHECKOUT / "docs/services.md").read_text().partition("```sh\n")[2].partition("```")[0]
    tests, [published] = re.findall(r"test (\S+)", steps), re.findall(r"publish (\w+) '", steps)
    assert tests
    assert all((scaffolded.folder / folder).is_dir() for folder in tests)
    assert f"class {published}(Create" in (scaffolded.folder / "modules/extensions/demo/contract.py").read_text()


def test_it_passes_lint(scaffolded: Copy) -> None:
    for arguments in (["check"], ["format", "--check"]):
        linted = scaffolded.run("ruff", *arguments, "modules", "tests/modules")
        assert linted.returncode == 0, linted.stdout


def test_it_passes_laws_contracts_and_its_own_tests(scaffolded: Copy) -> None:
    paths = ["tests/modules/extensions", "tests/contracts", "tests/test_laws.py", "tests/test_service_laws.py"]
    tested = scaffolded.run("pytest", "-q", "-p", "no:cacheprovider", *paths, "-k", "extensions or contract or room")
    assert tested.returncode == 0, tested.stdout


def test_it_starts_and_answers(scaffolded: Copy, database_url: str, redis_url: str, tmp_path: Path) -> None:
    offset = claim_offset([DEMO])
    environ = scaffolded.environ | {
        "NEXUS_DATABASE_URL": database_url,
        "NEXUS_REDIS_URL": redis_url,
        "NEXUS_PORT_OFFSET": str(offset),
        "NEXUS_DATA_DIR": str(tmp_path),
    }
    command = [sys.executable, "-P", "-m", "nexus_actors.cli", "worker", "demo-ms"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as worker:
        try:
            until(lambda: look("demo-ms", "127.0.0.1", DEMO_PORT + offset).is_healthy)
        finally:
            worker.terminate()
    assert worker.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["demo-ms"], 1, "demo-ms is there already"),
        (["Demo"], 1, "is no name for a service"),
        (["other-ms", "--port", "8080"], 1, "Port 8080 is that of fleet-service"),
        ([], 2, "Name one service, or give --all alone"),
        (["--all", "demo-ms"], 2, "Name one service, or give --all alone"),
    ],
)
def test_what_cannot_be_made_is_told_and_changes_nothing(
    scaffolded: Copy, arguments: list[str], code: int, message: str
) -> None:
    before = scaffolded.files()
    said = scaffolded.scaffold(*arguments)
    assert (said.returncode, message in said.stdout) == (code, True), said.stdout
    assert scaffolded.files() == before


@pytest.mark.parametrize(
    ("arguments", "passed"), [([], "scaffold --all"), (["demo-ms", "--title", "My Demo"], "scaffold demo-ms --title My Demo")]
)
def test_the_script_is_the_command(tmp_path: Path, arguments: list[str], passed: str) -> None:
    (tmp_path / "deploy").mkdir()
    script = shutil.copy(CHECKOUT / "deploy/scaffold-all-services.sh", tmp_path / "deploy")
    (tmp_path / "nexus").write_text('#!/bin/sh\necho "$#: $*"\n')
    (tmp_path / "nexus").chmod(0o755)
    said = subprocess.run([script, *arguments], cwd="/", capture_output=True, text=True, check=True)
    assert said.stdout == f"{len(arguments) + 1 if arguments else 2}: {passed}\n"
