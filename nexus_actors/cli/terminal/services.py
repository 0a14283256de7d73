"""The services of the platform as a table."""

from collections.abc import Mapping, Sequence

import click

from nexus_actors.catalogue import Catalogue
from nexus_actors.cli.terminal.table import table
from nexus_actors.local.health import Sighting, State

_COLOURS: Mapping[State, str] = {
    "healthy": "green",
    "unhealthy": "red",
    "down": "red",
    "foreign": "red",
    "not built": "bright_black",
}


def services_table(catalogue: Catalogue, seen: Sequence[Sighting], partitions: Mapping[str, str] | None = None) -> str:
    """A line for each service that was looked at.

    Args:
        partitions: what to say of the partitions of each service; without it there is no such column.
    """
    rows = []
    for sighting in seen:
        entry = catalogue.named(sighting.service)
        row = [entry.name, entry.title, entry.module or "-", str(sighting.port), _state(sighting), sighting.version]
        rows.append([*row, partitions.get(entry.name, "")] if partitions is not None else row)
    head = ["SERVICE", "TITLE", "MODULE", "PORT", "STATE", "VERSION"]
    if partitions is not None:
        head.append("PARTITIONS")
    return table(head, rows, right=[3])


def _state(sighting: Sighting) -> str:
    text = f"{sighting.state} ({sighting.detail})" if sighting.detail else sighting.state
    return click.style(text, fg=_COLOURS[sighting.state])
