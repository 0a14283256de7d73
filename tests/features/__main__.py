"""Print what services must prove and the tests that do. `nexus test --features` asks this.

Argument: a service; without it, all of them.
"""

import sys
from pathlib import Path
from typing import Final

from nexus_actors.cli.terminal.table import table
from tests.features.coverage import Coverage
from tests.features.required import FILE, FeatureError

_TESTS: Final = Path(__file__).resolve().parents[1]


def main(service: str | None) -> None:
    """Print the table, and end with 1 where something is not proved."""
    try:
        coverage = Coverage.of(_TESTS, service)
    except FeatureError as error:
        sys.exit(str(error))
    if not coverage.titles:
        whose = "No service has a" if service is None else f"{service} has no"
        sys.stdout.write(f"{whose} {FILE} beside its tests, so there is nothing to prove by number.\n")
    else:
        sys.stdout.write(table(("service", "number", "title", "tests"), _rows(coverage)) + "\n")
    if coverage.faults:
        sys.exit("\n".join(["", *coverage.faults]))


def _rows(coverage: Coverage) -> list[tuple[str, str, str, str]]:
    """A line for each test; what it proves stands in the line of the first."""
    rows = []
    for named, title in coverage.titles.items():
        first, *others = coverage.tests.get(named, ["-"])
        rows += [(named.service, named.number, title, first), *(("", "", "", other) for other in others)]
    return rows


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
