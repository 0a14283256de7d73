"""`nexus docs`: write what the services take and give, and guard it against breaking changes."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from nexus_actors.compatibility.changes import Change
    from nexus_actors.compatibility.snapshot import Snapshot

_CHECKOUT = Path(__file__).resolve().parents[2]
_DOCUMENTS = _CHECKOUT / "docs" / "api"
_SCHEMAS = _CHECKOUT / "tests" / "contracts" / "schemas.json"


@click.command(short_help="Write AsyncAPI and OpenAPI documents; guard contracts.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=_DOCUMENTS, help="The folder.  [default: docs/api]"
)
@click.option("--schemas", type=click.Path(path_type=Path, dir_okay=False), default=_SCHEMAS, hidden=True)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where documents or schemas are not up to date.")
@click.option("--accept-schemas", is_flag=True, help="Take the snapshot of all schemas anew; breaking changes are refused.")
@click.option("--accept-breaking", is_flag=True, help="Take it anew whatever changed.")
def command(out: Path, schemas: Path, check: bool, accept_schemas: bool, accept_breaking: bool) -> None:
    """Write AsyncAPI 3.0 and OpenAPI 3.1 documents of all services that are built.

    The snapshot of all schemas, tests/contracts/schemas.json, is what a test compares the contracts with, so that no release
    fails to read what an older one wrote.
    """
    # Services and their libraries are of no use to --help.
    from nexus_actors.compatibility.snapshot import snapshot_of  # noqa: PLC0415
    from nexus_actors.documents.interface import interfaces_of  # noqa: PLC0415
    from nexus_actors.documents.shelf import all_documents, drift, put  # noqa: PLC0415
    from nexus_actors.loading import NotLoadable, load_catalogue  # noqa: PLC0415
    from nexus_actors.service import platform_version  # noqa: PLC0415

    try:
        interfaces = interfaces_of(load_catalogue())
    except NotLoadable as error:
        raise click.ClickException(str(error)) from error
    files = all_documents(interfaces, platform_version())
    snapshot = snapshot_of(interfaces)
    if check:
        _end_unless_empty("Run ./nexus docs.", [f"{out.name}/{line}" for line in drift(out, files)])
        _end_unless_empty(*_compare(schemas, snapshot))
        click.echo("Documents and schemas are up to date.")
        return
    put(out, files)
    click.echo(f"{out}: {len(files)} documents of {len(interfaces)} services")
    if accept_schemas or accept_breaking:
        _accept(schemas, snapshot, even_breaking=accept_breaking)


def _compare(path: Path, snapshot: "Snapshot") -> tuple[str, list[str]]:
    """What to do, and why; no reason where the snapshot is what the contracts are."""
    from nexus_actors.compatibility.changes import HOW_TO_PROCEED, changes  # noqa: PLC0415

    old = _read(path)
    if old is None:
        return "Take the snapshot: ./nexus docs --accept-schemas", [f"{path.name} is missing"]
    found = changes(old, snapshot)
    lines = [_told(change) for change in found]
    if any(change.deploy == "breaking" for change in found):
        return HOW_TO_PROCEED, lines
    if old != snapshot:
        return "Take the snapshot anew: ./nexus docs --accept-schemas", [*lines, f"{path.name} lacks what was added since"]
    return "", []


def _told(change: "Change") -> str:
    """A change, and how it is deployed."""
    how = {"one step": "one step: ", "two steps": "two steps, readers first: ", "breaking": "breaking: "}
    return how[change.deploy] + change.words


def _accept(path: Path, snapshot: "Snapshot", *, even_breaking: bool) -> None:
    from nexus_actors.compatibility.changes import HOW_TO_PROCEED, changes  # noqa: PLC0415
    from nexus_actors.documents.shelf import json_text  # noqa: PLC0415

    old = _read(path)
    found = [] if old is None else changes(old, snapshot)
    breaking = [change for change in found if change.deploy == "breaking"]
    if breaking and not even_breaking:
        _end_unless_empty(HOW_TO_PROCEED, [_told(change) for change in found])
    for change in found:
        click.echo(f"accepted: {_told(change)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json_text(snapshot), encoding="utf-8")
    click.echo(f"{path}: {len(snapshot.messages)} messages, {len(snapshot.states)} states")


def _read(path: Path) -> "Snapshot | None":
    from nexus_actors.compatibility.snapshot import read_snapshot  # noqa: PLC0415

    if not path.is_file():
        return None
    try:
        return read_snapshot(path.read_bytes())
    except msgspec.MsgspecError as error:
        raise click.ClickException(f"{path} is no snapshot of schemas: {error}. Restore it from version control.") from error


def _end_unless_empty(advice: str, lines: list[str]) -> None:
    if not lines:
        return
    for line in lines:
        click.secho(line, fg="red", err=True)
    click.echo(f"\n{advice}", err=True)
    sys.exit(1)
