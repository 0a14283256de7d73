import subprocess
from pathlib import Path

import pytest

from tests.changed.needs import LOADS, Needs
from tests.changed.reach import ALWAYS, READ_BY, NoSuchRevision, changed_since, files_of, seen_by

CHECKOUT = Path(__file__).resolve().parents[2]
FILES = {
    "bus/__init__.py": "from bus.ids import new_id\n",
    "bus/ids.py": "def new_id(): ...\n",
    "bus/alone.py": "",
    "bus/sql/0001_first.sql": "",
    "nexus_actors/cli/main.py": "",
    "nexus_actors/cli/up.py": "",
    "nexus_actors/cli/__main__.py": "from nexus_actors.cli.main import main\n",
    "modules/fleet/plate.py": "import bus\n",
    "tests/conftest.py": "",
    "tests/bus/conftest.py": "",
    "tests/bus/test_ids.py": "from bus import new_id\n",
    "tests/bus/test_alone.py": "import bus.alone\n",
    "tests/fleet/test_plate.py": "def test_it():\n    from modules.fleet.plate import plate\n",
    "tests/fleet/test_cli.py": 'COMMAND = ["python", "-m", "nexus_actors.cli"]\n',
    "tests/deploy/test_chart.py": 'CHART = "deploy/helm/Chart.yaml"\n',
    "tests/test_laws.py": "",
    "docs/guide.md": "",
    "deploy/helm/Chart.yaml": "",
    "pyproject.toml": "",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "reached"),
    [
        ("bus/ids.py", {"bus/test_ids", "fleet/test_plate"}),
        ("bus/alone.py", {"bus/test_alone"}),
        ("modules/fleet/plate.py", {"fleet/test_plate"}),
        ("nexus_actors/cli/up.py", {"fleet/test_cli"}),
        ("tests/bus/conftest.py", {"bus/test_ids", "bus/test_alone"}),
        ("tests/bus/test_ids.py", {"bus/test_ids"}),
        ("bus/sql/0001_first.sql", {"bus/test_ids", "bus/test_alone", "fleet/test_plate"}),
        ("bus/gone.py", {"bus/test_ids", "bus/test_alone", "fleet/test_plate"}),
        ("deploy/helm/Chart.yaml", {"deploy/test_chart"}),
        ("docs/adr/0001.md", set()),
        ("CHANGELOG.md", set()),
    ],
)
def test_a_change_reaches_what_needs_it(checkout: Path, changed: str, reached: set[str]) -> None:
    found = seen_by(Needs(checkout, FILES), [changed])
    assert found == {f"tests/{name}.py" for name in reached} | {"tests/test_laws.py"}


@pytest.mark.parametrize("changed", ["pyproject.toml", "deploy/locks/requirements.lock", "tests/conftest.py", ".ci/run"])
def test_what_nobody_can_tell_reaches_everything(checkout: Path, changed: str) -> None:
    assert seen_by(Needs(checkout, FILES), [changed]) == {file for file in FILES if "/test_" in file}


def test_changes_are_those_since_the_branch_left_main_committed_or_not(checkout: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *arguments], cwd=checkout, check=True, capture_output=True)

    git("init", "--initial-branch=main")
    git("add", ".")
    git("commit", "-m", "first")
    (checkout / "docs/guide.md").write_text("more\n")
    git("commit", "-am", "second")
    assert changed_since(checkout, "") == ("HEAD~1", ["docs/guide.md"])

    git("switch", "-c", "branch")
    (checkout / "bus/ids.py").unlink()
    git("commit", "-am", "third")
    (checkout / "bus/alone.py").write_text("x = 1\n")
    (checkout / "bus/new.py").write_text("")
    assert changed_since(checkout, "")[1] == ["bus/alone.py", "bus/ids.py", "bus/new.py"]
    assert changed_since(checkout, "main~1")[1] == ["bus/alone.py", "bus/ids.py", "bus/new.py", "docs/guide.md"]
    assert "bus/ids.py" not in files_of(checkout)
    with pytest.raises(NoSuchRevision, match="nonsense"):
        changed_since(checkout, "nonsense")


def test_whoever_imports_by_name_says_what() -> None:
    sources = (file for folder in ("bus", "modules", "nexus_actors", "tests") for file in (CHECKOUT / folder).rglob("*.py"))
    named = ("import_" + "module(", "iter_" + "modules(")
    found = {str(file.relative_to(CHECKOUT)) for file in sources if any(name in file.read_text() for name in named)}
    assert found == set(LOADS)


def test_the_tests_that_are_named_are_there() -> None:
    for name in ALWAYS.union(*(readers or () for readers in READ_BY.values())):
        assert (CHECKOUT / name).exists(), name
