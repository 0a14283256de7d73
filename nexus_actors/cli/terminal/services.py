"""The services of the platform as a table."""

from collections.abc import Mapping, Sequence

from nexus_actors.cli.terminal.screen import Colour, styled
from nexus_actors.cli.terminal.table import table
from nexus_actors.local.health import Sighting, State
from nexus_actors.platform.catalogue import Catalogue

_COLOURS: Mapping[State, Colour] = {
    "healthy": "green",
    "unhealthy": "red",
    "down": "red",
    "foreign": "red",
    "not built": "bright_black",
    "not started": "bright_black",
}


def services_table(
    catalogue: Catalogue, seen: Sequence[Sighting], columns: Sequence[tuple[str, Mapping[str, str]]] = ()
) -> str:
    """A line for each service that was looked at.

    Args:
        columns: more columns, each with its heading and what it says of a service.
    """
    rows = []
    for sighting in seen:
        entry = catalogue.named(sighting.service)
        row = [entry.name, entry.title, entry.module or "-", str(sighting.port), _state(sighting), sighting.version]
        rows.append([*row, *(texts.get(entry.name, "") for _, texts in columns)])
    head = ["SERVICE", "TITLE", "MODULE", "PORT", "STATE", "VERSION", *(heading for heading, _ in columns)]
    return table(head, rows, right=[3, *range(6, len(head))])


def _state(sighting: Sighting) -> str:
    text = f"{sighting.state} ({sighting.detail})" if sighting.detail else sighting.state
    return styled(text, _COLOURS[sighting.state])
