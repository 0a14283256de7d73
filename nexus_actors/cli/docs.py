"""`nexus docs`: write what the services take and give, and guard it against breaking changes."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nexus_actors.compatibility.changes import Change
    from nexus_actors.compatibility.snapshot import Snapshot

_CHECKOUT = Path(__file__).resolve().parents[2]
_DOCUMENTS = _CHECKOUT / "docs" / "api"
_SCHEMAS = _CHECKOUT / "tests" / "contracts" / "accepted"


@click.command(short_help="Write AsyncAPI and OpenAPI documents; guard contracts.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=_DOCUMENTS, help="The folder.  [default: docs/api]"
)
@click.option("--schemas", type=click.Path(path_type=Path, file_okay=False), default=_SCHEMAS, hidden=True)
@click.option(
    "--platform",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write all services as one document into this folder, and nothing else.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where documents or schemas are not up to date.")
@click.option("--accept-schemas", is_flag=True, help="Take the snapshots of all schemas anew; breaking changes are refused.")
@click.option("--accept-breaking", is_flag=True, help="Take them anew whatever changed.")
def command(out: Path, schemas: Path, platform: Path | None, check: bool, accept_schemas: bool, accept_breaking: bool) -> None:
    """Write AsyncAPI 3.0 and OpenAPI 3.1 documents of all services that are built.

    The snapshots of their schemas, tests/contracts/accepted, are what a test compares the contracts with, so that no release
    fails to read what an older one wrote.
    """
    # Services and their libraries are of no use to --help.
    from nexus_actors.compatibility.snapshot import snapshots_of  # noqa: PLC0415
    from nexus_actors.documents.interface import interfaces_of  # noqa: PLC0415
    from nexus_actors.documents.shelf import all_documents, drift, platform_documents, put  # noqa: PLC0415
    from nexus_actors.platform.loading import NotLoadable, load_catalogue  # noqa: PLC0415
    from nexus_actors.service import platform_version  # noqa: PLC0415

    try:
        interfaces = interfaces_of(load_catalogue())
    except NotLoadable as error:
        raise click.ClickException(str(error)) from error
    if platform is not None:
        put(platform, platform_documents(interfaces, platform_version()))
        click.echo(f"{platform}: all {len(interfaces)} services in one")
        return
    files = all_documents(interfaces, platform_version())
    snapshots = snapshots_of(interfaces)
    if check:
        _end_unless_empty("Run ./nexus docs.", [f"{out.name}/{line}" for line in drift(out, files)])
        _end_unless_empty(*_compare(schemas, snapshots))
        click.echo("Documents and schemas are up to date.")
        return
    put(out, files)
    click.echo(f"{out}: {len(files)} documents of {len(interfaces)} services")
    if accept_schemas or accept_breaking:
        _accept(schemas, snapshots, even_breaking=accept_breaking)


def _compare(folder: Path, new: "Mapping[str, Snapshot]") -> tuple[str, list[str]]:
    """What to do, and why; no reason where the snapshots are what the contracts are."""
    from nexus_actors.compatibility.changes import HOW_TO_PROCEED, all_changes  # noqa: PLC0415

    old = _read(folder)
    if not old:
        return "Take the snapshots: ./nexus docs --accept-schemas", [f"{folder.name} has none"]
    found = all_changes(old, new)
    lines = [_told(change) for change in found]
    if any(change.deploy == "breaking" for change in found):
        return HOW_TO_PROCEED, lines
    if stale := sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name)):
        lines += [f"{folder.name}/{name}.json lacks what was added since" for name in stale]
        return "Take the snapshots anew: ./nexus docs --accept-schemas", lines
    return "", []


def _told(change: "Change") -> str:
    """A change, and how it is deployed."""
    how = {"one step": "one step: ", "two steps": "two steps, readers first: ", "breaking": "breaking: "}
    return how[change.deploy] + change.words


def _accept(folder: Path, new: "Mapping[str, Snapshot]", *, even_breaking: bool) -> None:
    from nexus_actors.compatibility.changes import HOW_TO_PROCEED, all_changes  # noqa: PLC0415
    from nexus_actors.compatibility.folder import write_snapshots  # noqa: PLC0415

    old = _read(folder)
    found = all_changes(old, new) if old else []
    breaking = [change for change in found if change.deploy == "breaking"]
    if breaking and not even_breaking:
        _end_unless_empty(HOW_TO_PROCEED, [_told(change) for change in found])
    for change in found:
        click.echo(f"accepted: {_told(change)}")
    write_snapshots(folder, new)
    click.echo(f"{folder}: {sum(len(one.messages) for one in new.values())} messages")


def _read(folder: Path) -> "Mapping[str, Snapshot]":
    from nexus_actors.compatibility.folder import SnapshotDamaged, read_snapshots  # noqa: PLC0415

    try:
        return read_snapshots(folder)
    except SnapshotDamaged as error:
        raise click.ClickException(str(error)) from error


def _end_unless_empty(advice: str, lines: list[str]) -> None:
    if not lines:
        return
    for line in lines:
        click.secho(line, fg="red", err=True)
    click.echo(f"\n{advice}", err=True)
    sys.exit(1)
