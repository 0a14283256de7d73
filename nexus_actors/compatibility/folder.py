"""The folder of accepted snapshots: a file for each service, and one for the runtime."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from nexus_actors.compatibility.snapshot import Snapshot, read_snapshot
from nexus_actors.documents.shelf import json_text


class SnapshotDamaged(Exception):
    """A file in the folder is no snapshot."""


def read_snapshots(folder: Path) -> dict[str, Snapshot]:
    """What was accepted, by service; nothing where nothing was.

    Raises:
        SnapshotDamaged: a file cannot be read.
    """
    return {path.stem: _read(path) for path in sorted(folder.glob("*.json"))}


def write_snapshots(folder: Path, snapshots: Mapping[str, Snapshot]) -> None:
    """Accept these. Those of services that are gone go with them."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.json"):
        if path.stem not in snapshots:
            path.unlink()
    for name, snapshot in snapshots.items():
        (folder / f"{name}.json").write_text(json_text(snapshot), encoding="utf-8")


def _read(path: Path) -> Snapshot:
    try:
        return read_snapshot(path.read_bytes())
    except msgspec.MsgspecError as error:
        raise SnapshotDamaged(f"{path} is no snapshot of schemas: {error}. Restore it from version control.") from error
