"""The launcher, run by a real shell in a checkout of its own with next to nothing in it."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
SHELL = shutil.which("dash") or "/bin/sh"

CLI = """
import os, sys
try:
    import tiny
    print("tiny", tiny.VERSION)
except ImportError:
    print("no tiny")
print("arguments", sys.argv[1:])
print("path", os.environ["PYTHONPATH"])
"""
# Stands for uv: notes how it was called, and leaves the rest to the environment.
UV = """#!/bin/sh
echo "$*" >> "$CALLS"
exit ${UV_EXIT:-0}
"""


class Launcher:
    """A checkout that holds the launcher, its helper and a command line that tells how it was called."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a checkout"
        self.calls = folder / "calls"
        self.tools = folder / "tools"
        (self.root / "deploy" / "locks").mkdir(parents=True)
        shutil.copy(CHECKOUT / "nexus", self.root / "nexus")
        shutil.copy(CHECKOUT / "deploy" / "environment.py", self.root / "deploy")
        package = self.root / "nexus_actors" / "cli"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(CLI)
        for name in ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock", "requirements-bench-arq.lock"):
            (self.root / "deploy" / "locks" / name).write_text(f"# {name}\n")
        self.tools.mkdir()
        self.tool("python3", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')

    @property
    def venv(self) -> Path:
        return self.root / ".nexus" / "venv"

    def tool(self, name: str, script: str) -> None:
        """Put a program on the path of the calls to come."""
        (self.tools / name).write_text(script)
        (self.tools / name).chmod(0o755)

    def environment(self, **variables: str) -> dict[str, str]:
        return {"PATH": f"{self.tools}:/usr/bin:/bin", "CALLS": str(self.calls), "HOME": str(self.root.parent), **variables}

    def run(
        self, *arguments: str, cwd: Path | None = None, program: Path | None = None, env: Mapping[str, str] | None = None
    ) -> str:
        """Call the launcher; what it printed, errors included, and its exit code in the first line."""
        command = [SHELL, str(program or self.root / "nexus"), *arguments]
        done = subprocess.run(
            command,
            cwd=cwd or self.root,
            env=self.environment(**(env or {})),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return f"exit {done.returncode}\n{done.stdout}"

    def installs(self) -> list[list[str]]:
        """The locks of each installation that was asked of uv."""
        if not self.calls.exists():
            return []
        calls = [line.split(" -r ")[1:] for line in self.calls.read_text().splitlines()]
        return [[Path(lock).name for lock in locks] for locks in calls]


@pytest.fixture
def launcher(tmp_path: Path) -> Launcher:
    made = Launcher(tmp_path)
    made.tool("uv", UV)
    return made


def test_the_first_call_installs_and_hands_over(launcher: Launcher) -> None:
    said = launcher.run("status", "--a b", "", "*")
    assert said.startswith("exit 0\nnexus: installing the libraries of requirements.lock")
    assert "arguments ['status', '--a b', '', '*']" in said
    assert f"path {launcher.root}\n" in said
    assert launcher.installs() == [["requirements.lock"]]
    assert "--require-hashes" in launcher.calls.read_text()


def test_later_calls_are_quiet_and_quick(launcher: Launcher) -> None:
    launcher.run()
    assert launcher.run("x") == f"exit 0\nno tiny\narguments ['x']\npath {launcher.root}\n"
    assert len(launcher.installs()) == 1
    bare = [str(launcher.venv / "bin" / "python"), "-P", "-m", "nexus_actors.cli"]
    took_s = [_time(bare, launcher), _time([SHELL, str(launcher.root / "nexus")], launcher)]
    assert took_s[1] - took_s[0] < 0.05


def _time(command: list[str], launcher: Launcher) -> float:
    """The best of several runs, in seconds."""
    best_s = float("inf")
    for _ in range(5):
        start_s = time.perf_counter()
        environment = launcher.environment(PYTHONPATH=str(launcher.root))
        subprocess.run(command, cwd=launcher.root, env=environment, stdout=subprocess.DEVNULL, check=True)
        best_s = min(best_s, time.perf_counter() - start_s)
    return best_s


def test_it_works_from_elsewhere_and_through_links(launcher: Launcher, tmp_path: Path) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    (elsewhere / "click.py").write_text("raise SystemExit('the folder of the caller was searched')")
    (elsewhere / "nexus_actors.py").write_text("raise SystemExit('the folder of the caller was searched')")
    (elsewhere / "link").symlink_to("../a checkout/nexus")
    (elsewhere / "link to link").symlink_to(elsewhere / "link")
    for program in (launcher.root / "nexus", elsewhere / "link", elsewhere / "link to link", Path("link")):
        assert f"path {launcher.root}\n" in launcher.run(cwd=elsewhere, program=program)
    assert len(launcher.installs()) == 1


def test_what_is_measured_beside_nobody_needs_no_more_than_the_product(launcher: Launcher) -> None:
    launcher.run("bench", "worst")
    assert launcher.installs() == [["requirements.lock"]]


def test_tests_and_benchmarks_have_locks_of_their_own(launcher: Launcher) -> None:
    launcher.run("test")
    launcher.run("test")
    launcher.run("up")
    launcher.run("bench")
    assert launcher.installs() == [["requirements.lock", "requirements-dev.lock"], ["requirements-bench.lock"]]
    assert not (launcher.root / ".nexus" / "bench-arq").exists()


def test_a_peer_that_does_not_go_with_our_libraries_has_an_environment_of_its_own(launcher: Launcher) -> None:
    launcher.run("bench", "bus")
    launcher.run("bench", "bus")
    first, *further = launcher.installs()
    assert first == ["requirements.lock", "requirements-bench.lock"]
    assert further == [["requirements-bench-arq.lock"]]
    assert (launcher.root / ".nexus" / "bench-arq" / "bin" / "python").exists()


def test_a_changed_lock_makes_the_environment_anew(launcher: Launcher) -> None:
    launcher.run("test")
    (launcher.venv / "left over").touch()
    (launcher.root / "deploy/locks/requirements.lock").write_text("# another\n")
    launcher.run()
    launcher.run()
    assert not (launcher.venv / "left over").exists()
    assert launcher.installs()[1:] == [["requirements.lock"]]


def test_a_changed_lock_of_the_tests_adds_to_it(launcher: Launcher) -> None:
    launcher.run("test")
    (launcher.venv / "kept").touch()
    (launcher.root / "deploy/locks/requirements-dev.lock").write_text("# another\n")
    launcher.run()
    launcher.run("test")
    assert (launcher.venv / "kept").exists()
    assert launcher.installs()[1:] == [["requirements-dev.lock"]]


def test_a_half_made_environment_is_made_anew(launcher: Launcher) -> None:
    launcher.run()
    (launcher.venv / "unfinished").touch()
    (launcher.venv / "left over").touch()
    assert launcher.run().startswith("exit 0\nnexus: installing")
    assert not (launcher.venv / "left over").exists()
    assert not (launcher.venv / "unfinished").exists()


def test_an_environment_without_its_python_is_made_anew(launcher: Launcher) -> None:
    launcher.run()
    (launcher.venv / "bin" / "python").unlink()
    (launcher.venv / "bin" / "python").symlink_to("/gone/with/an/upgrade")
    assert launcher.run().startswith("exit 0\nnexus: installing")


def test_two_at_once_make_one_environment(launcher: Launcher) -> None:
    launcher.tool("uv", UV.replace("exit", "sleep 0.5\nexit"))
    command = [SHELL, str(launcher.root / "nexus")]
    environment = launcher.environment()
    calls = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(3)]
    said = [call.communicate(timeout=30)[0].decode() for call in calls]
    assert [call.returncode for call in calls] == [0, 0, 0]
    assert all("arguments []" in text for text in said)
    assert sum("another nexus of this checkout" in text for text in said) >= 1
    assert launcher.installs() == [["requirements.lock"]]


def test_without_python_it_says_what_to_install(launcher: Launcher, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("dirname", "readlink", "cmp"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or name)
    said = launcher.run(env={"PATH": str(tmp_path / "bin")})
    assert said.startswith("exit 1\nnexus: there is no python3 here.")
    assert "apt install python3" in said
    (tmp_path / "bin" / "python3").write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'Python 3.9.2' || exit 1\n")
    (tmp_path / "bin" / "python3").chmod(0o755)
    assert "Python 3.9.2 is too old" in launcher.run(env={"PATH": str(tmp_path / "bin")})


def test_a_newer_python_beside_an_old_one_is_found(launcher: Launcher) -> None:
    launcher.tool("python3", "#!/bin/sh\nexit 1\n")
    launcher.tool("python3.12", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    assert launcher.run().startswith("exit 0")


def wheel(folder: Path, version: str = "1.0") -> str:
    """Build a wheel of nearly nothing; the line of a lock that names it."""
    folder.mkdir(exist_ok=True)
    file = folder / f"tiny-{version}-py3-none-any.whl"
    info = f"tiny-{version}.dist-info"
    contents = {
        "tiny.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},sha256={_digest(text)},{len(text)}\n" for name, text in contents.items())
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in {**contents, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(name, text)
    return f"tiny=={version} --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n"


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


@pytest.mark.slow
@pytest.mark.timeout(180)  # it makes environments, with pip in them
def test_pip_installs_what_the_lock_names_and_nothing_else(tmp_path: Path) -> None:
    launcher = Launcher(tmp_path)
    wheels = tmp_path / "wheels"
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull}
    # uv is given the first word; where it fails, pip has the last.
    launcher.tool("uv", UV)
    (launcher.root / "deploy/locks/requirements.lock").write_text(wheel(wheels))
    said = launcher.run(env={"UV_EXIT": "2", **pip})
    assert "uv could not install them; trying pip." in said
    assert "\ntiny 1.0\n" in said

    # A file that is not what was locked is refused, and nothing half-made is taken for the environment.
    (launcher.tools / "uv").unlink()
    (launcher.root / "deploy/locks/requirements.lock").write_text("tiny==1.0 --hash=sha256:" + "0" * 64 + "\n")
    refused = launcher.run(env=pip)
    assert refused.startswith("exit 1\n")
    assert "nexus: could not install the libraries of requirements.lock" in refused
    assert "arguments" not in refused
    assert "offline" in refused


def test_the_environments_own_python_finds_this_checkout_from_anywhere(launcher: Launcher, tmp_path: Path) -> None:
    launcher.run()
    command = [str(launcher.venv / "bin" / "python"), "-m", "nexus_actors.cli", "x"]
    environ = launcher.environment(PYTHONPATH=str(tmp_path))
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert "arguments ['x']" in done.stdout, done.stderr
