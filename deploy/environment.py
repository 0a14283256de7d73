"""Makes the virtual environment that Nexus COS runs in. Called by the launcher `nexus`; needs the standard library only.

Usage: environment.py FOLDER LOCK... (names of files in deploy/locks, each holding what the one before does not)

Locks give names, versions and hashes, and only wheels are taken: nothing is built on this machine, and nothing runs that
was not there when the lock was written. With uv on the PATH, uv installs; otherwise, or where uv fails, pip does.
"""

import fcntl
import filecmp
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
LOCKS = CHECKOUT / "deploy" / "locks"
UNFINISHED = "unfinished"
LINK = "nexus-cos-checkout.pth"


class EnvironmentFault(Exception):
    """Raised when the environment cannot be made; the message says why and what to do."""


def say(text: str) -> None:
    """Tell the person who waits."""
    print(f"nexus: {text}", file=sys.stderr, flush=True)  # noqa: T201 - this is a program for a terminal


@contextmanager
def alone(venv: Path) -> Iterator[None]:
    """Let one process at a time work on the environment. The lock ends with its process, however that ends."""
    venv.parent.mkdir(parents=True, exist_ok=True)
    with (venv.parent / "venv.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another nexus of this checkout prepares the environment; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def holds(venv: Path, lock: str) -> bool:
    """Whether what this lock names is installed."""
    copy = venv / lock
    return copy.is_file() and filecmp.cmp(LOCKS / lock, copy, shallow=False)


def is_sound(venv: Path, first_lock: str) -> bool:
    """Whether more can be installed into the environment; a half-made or outdated one is made anew."""
    return (venv / "bin" / "python").exists() and not (venv / UNFINISHED).exists() and holds(venv, first_lock)


def prepare(venv: Path, locks: list[str]) -> None:
    """Bring the environment to what the locks say.

    Raises:
        EnvironmentFault: it cannot be made, or libraries cannot be had.
    """
    if not is_sound(venv, locks[0]):
        create(venv)
    show_checkout(venv)
    missing = [lock for lock in locks if not holds(venv, lock)]
    if not missing:
        return
    say(f"installing the libraries of {' and '.join(missing)} into {venv} (needs the network; takes a minute or two).")
    (venv / UNFINISHED).touch()
    install(venv, missing)
    for lock in missing:
        shutil.copyfile(LOCKS / lock, venv / lock)
    (venv / UNFINISHED).unlink()


def create(venv: Path) -> None:
    """Make an empty environment in the place of what is there."""
    shutil.rmtree(venv, ignore_errors=True)
    # The interpreter itself, not a link to it: where an upgrade of the system takes it away, the environment is seen to be
    # broken, instead of finding itself with another Python and without libraries.
    interpreter = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    command = [interpreter, "-I", "-m", "venv", "--without-pip", str(venv)]
    made = subprocess.run(command, check=False, capture_output=True, text=True)
    if made.returncode != 0:
        raise EnvironmentFault(
            f"cannot make a virtual environment in {venv}: {(made.stderr or made.stdout).strip()}\n"
            "On Debian and Ubuntu: apt install python3-venv."
        )


def show_checkout(venv: Path) -> None:
    """Let the environment's own Python find this checkout: `.nexus/venv/bin/python -m nexus_actors.cli` works from anywhere.

    It comes behind everything else on the path, so the launcher's PYTHONPATH and an installed copy go first.
    """
    for folder in venv.glob("lib/python3*/site-packages"):
        link, wanted = folder / LINK, f"{CHECKOUT}\n"
        if not link.is_file() or link.read_text(encoding="utf-8") != wanted:
            link.write_text(wanted, encoding="utf-8")


def install(venv: Path, locks: list[str]) -> None:
    """Install what the locks name, by uv or by pip.

    Raises:
        EnvironmentFault: neither could; both have said why.
    """
    names = [argument for lock in locks for argument in ("-r", str(LOCKS / lock))]
    strict = ["--require-hashes", "--no-deps"]
    uv = shutil.which("uv")
    if uv is not None:
        command = [uv, "pip", "install", "--python", str(venv / "bin" / "python"), "--no-build", "--quiet", *strict, *names]
        if subprocess.run(command, check=False).returncode == 0:
            return
        say("uv could not install them; trying pip.")
    # A lock names every library, and so the environment is complete without looking at what depends on what.
    pip = [
        *pip_for(venv),
        "install",
        "--only-binary=:all:",
        "--disable-pip-version-check",
        "--no-input",
        "-qq",
        *strict,
        *names,
    ]
    if subprocess.run(pip, check=False, env={**os.environ, "PIP_USER": "0"}).returncode != 0:
        raise EnvironmentFault(
            f"could not install the libraries of {' and '.join(locks)}; pip says why above.\n"
            "If this machine is offline, connect it once: after that nexus needs no network. Behind a mirror, name it in "
            "PIP_INDEX_URL."
        )


def pip_for(venv: Path) -> list[str]:
    """The command that is pip for this environment, bringing it in where Python carries it along.

    Raises:
        EnvironmentFault: this Python has no pip.
    """
    python = str(venv / "bin" / "python")
    subprocess.run([python, "-I", "-m", "ensurepip", "--default-pip"], check=False, capture_output=True)
    if subprocess.run([python, "-I", "-m", "pip", "--version"], check=False, capture_output=True).returncode == 0:
        return [python, "-I", "-m", "pip"]
    raise EnvironmentFault("this Python brings no pip. On Debian and Ubuntu: apt install python3-venv; or install uv.")


def main(arguments: list[str]) -> None:
    """Prepare the environment named by the arguments, or say why not and exit with 1."""
    venv, locks = Path(arguments[0]), arguments[1:]
    try:
        with alone(venv):
            prepare(venv, locks)
    except (EnvironmentFault, OSError) as fault:
        say(str(fault))
        sys.exit(1)
    except KeyboardInterrupt:
        say("interrupted; the next call starts over.")
        sys.exit(130)


if __name__ == "__main__":
    main(sys.argv[1:])
