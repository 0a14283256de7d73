"""`nexus lock`: write the locks of all libraries anew."""

import re
import shutil
import subprocess
from pathlib import Path

import click

_CHECKOUT = Path(__file__).resolve().parents[2]
_LOCKS = _CHECKOUT / "deploy" / "locks"
_PROJECT = "pyproject.toml"
_RUN = "requirements.lock"
# Each further lock holds what its extra needs beyond the first, and names that one. They may meet in one environment, so
# that versions have to agree.
_FURTHER = {"requirements-dev.lock": "dev", "requirements-bench.lock": "bench"}
# A lock of a dependency group is for an environment of its own, which has nothing of the others.
_APART = {"requirements-bench-arq.lock": "bench-arq"}
# streaq wants it for schedules, which the benchmark has none of. There is no wheel of it, and it is under the LGPL.
_LEFT_OUT = "--no-emit-package=crontab"
_OPTIONS = (
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--custom-compile-command=./nexus lock",
    "--quiet",
)


def locked_names(text: str) -> list[str]:
    """The names of the distributions in a lock, each once."""
    return list(dict.fromkeys(re.findall(r"^([A-Za-z0-9._-]+)==", text, flags=re.MULTILINE)))


def compile_lock(uv: str, target: Path, *arguments: str) -> None:
    """Let uv resolve what the arguments name into a lock; versions already in it stay, unless the arguments say otherwise.

    Raises:
        ClickException: uv found no solution; it has said why.
    """
    command = [uv, "pip", "compile", *arguments, *_OPTIONS, f"--output-file={target}"]
    if subprocess.run(command, cwd=_CHECKOUT, check=False).returncode != 0:
        raise click.ClickException(f"uv could not write {target.name}.")


@click.command(short_help="Write the locks of libraries anew from pyproject.toml.")
@click.option("--upgrade", is_flag=True, help="Take the newest versions that pyproject.toml allows.")
def command(upgrade: bool) -> None:
    """Write the locks anew from pyproject.toml, for every platform. Needs uv."""
    uv = shutil.which("uv")
    if uv is None:
        raise click.ClickException("uv is not on the PATH. Install it (pip install uv), then try again.")
    newest = ["--upgrade"] if upgrade else []
    run_lock = _LOCKS / _RUN
    compile_lock(uv, run_lock, _PROJECT, "--extra=embedded", "--extra=telemetry", *newest)
    known = [f"--no-emit-package={name}" for name in locked_names(run_lock.read_text())]
    constraints = [f"--constraint={run_lock}"]
    for name, extra in _FURTHER.items():
        lock = _LOCKS / name
        compile_lock(uv, lock, _PROJECT, f"--extra={extra}", *constraints, *known, _LEFT_OUT, *newest)
        constraints.append(f"--constraint={lock}")
        lock.write_text(f"-r {_RUN}\n" + lock.read_text().removeprefix(f"-r {_RUN}\n"))
        click.echo(f"{name}: {len(locked_names(lock.read_text()))} distributions beyond {_RUN}")
    for name, group in _APART.items():
        compile_lock(uv, _LOCKS / name, f"--group={group}", *newest)
        click.echo(f"{name}: {len(locked_names((_LOCKS / name).read_text()))} distributions")
    click.echo(f"{_RUN}: {len(locked_names(run_lock.read_text()))} distributions")
