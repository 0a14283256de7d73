"""`nexus scaffold`: make the files of a new service."""

import os
import subprocess
import sys
from pathlib import Path

import click

from nexus_actors.cli.terminal.failures import told
from nexus_actors.platform.catalogue import Catalogue
from nexus_actors.platform.loading import load_catalogue
from nexus_actors.scaffold.blueprint import Blueprint, draw
from nexus_actors.scaffold.errors import CannotScaffold
from nexus_actors.scaffold.files import files_of, shared_files_of
from nexus_actors.scaffold.writing import write_new

_CHECKOUT = Path(__file__).resolve().parents[2]
_GENERATED = (("docs", "--accept-schemas"), ("deploy", "compose"), ("chart",))
"""What writes the files that follow from the catalogue."""


@click.command(short_help="Make the files of a new service.")
@click.option("--all", "every", is_flag=True, help="Make every service of the catalogue that is not built yet.")
@click.option("--title", help="What people call it.  [default: from the name]")
@click.option("--port", type=int, help="TCP port of its HTTP face.  [default: the first free one from 9900 on]")
@click.option("--module", help="Title of the module that it belongs to.  [default: Extensions]")
@click.argument("service", required=False)
def command(every: bool, title: str | None, port: int | None, module: str | None, service: str | None) -> None:
    """Make the files of a new service in the shape that all have.

    They are contract, domain, tables, actors, jobs, routes, migration and tests; docs/services.md says what is in them.

    SERVICE is a service of the catalogue that is not built yet, which has its title, port and module there, or a new name such
    as demo-ms. What is made starts, answers /health and passes its tests; it keeps items with names, to be replaced by what the
    service is about. Files that are there are never touched.
    """
    if every == bool(service) or (every and (title or port or module)):
        raise click.UsageError("Name one service, or give --all alone.")
    catalogue = load_catalogue()
    with told():
        if not (_CHECKOUT / "pyproject.toml").is_file():
            raise CannotScaffold("There is no checkout of Nexus COS here. Run ./nexus scaffold in one.")
        if service is not None:
            made = [_make(draw(catalogue, service, title=title, port=port, module=module))]
        else:
            made = [_make(draw(catalogue, name)) for name in _absent(catalogue)]
        if made:
            _refresh()
            _say_next(made)


def _absent(catalogue: Catalogue) -> list[str]:
    for entry in catalogue.built():
        click.echo(f"{entry.name}: is there ({entry.package})")
    return [entry.name for entry in catalogue.services if not entry.is_built]


def _make(blueprint: Blueprint) -> Blueprint:
    for path in write_new(_CHECKOUT, files_of(blueprint), shared_files_of(blueprint)):
        click.echo(f"{blueprint.entry.name}: {path}")
    return blueprint


def _refresh() -> None:
    """Write what is generated from the catalogue anew, in processes of their own: this one has the old catalogue."""
    for arguments in _GENERATED:
        called = [sys.executable, "-P", "-m", "nexus_actors.cli", *arguments]
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        done = subprocess.run(called, cwd=_CHECKOUT, env=environ, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stdout + done.stderr).strip()
            raise CannotScaffold(
                f"The service is made, but nexus {' '.join(arguments)} failed. Mend it and run it again:\n{said}"
            )


def _say_next(made: list[Blueprint]) -> None:
    tests = " ".join(f"tests/{blueprint.package.replace('.', '/')}" for blueprint in made)
    names = " ".join(blueprint.entry.name for blueprint in made)
    click.echo(f"\nMade: {names}. docs/api, the accepted schemas, the compose file and the chart know it.")
    click.echo(f"Try:  ./nexus test {tests}\n      ./nexus up --only auth-ms {names}")
