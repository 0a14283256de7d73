"""Print the files of tests that a change can reach, one a line. `nexus test --changed` asks this.

Argument: the revision to compare with; without it, where this branch left main.
"""

import sys
from pathlib import Path
from typing import Final

from tests.changed.needs import Needs
from tests.changed.reach import NoSuchRevision, changed_since, files_of, seen_by

_CHECKOUT: Final = Path(__file__).resolve().parents[2]


def main(revision: str) -> None:
    """Print them, and for people what they are based on."""
    try:
        base, changed = changed_since(_CHECKOUT, revision)
        needs = Needs(_CHECKOUT, files_of(_CHECKOUT))
    except NoSuchRevision as fault:
        sys.exit(f"Cannot say what has changed: {fault}")
    tests = sorted(seen_by(needs, changed))
    sys.stderr.write(f"{len(changed)} files differ from {base}; {len(tests)} files of tests can see them.\n")
    sys.stdout.writelines(f"{file}\n" for file in tests)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
