"""How many connections a process may hold, by the limits of a process of its own."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
from nexus_actors.worker.open_files import allow_connections
soft, hard, connections = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(allow_connections(connections), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "said"),
    [
        (256, 4096, 1000, "True 1256 4096"),
        (256, 1024, 1000, "False 1024 1024"),
        (2048, 4096, 1000, "True 2048 4096"),
    ],
    ids=["raised as far as needed", "raised as far as possible", "left as it is"],
)
def test_the_limit_is_raised_and_never_lowered(soft: int, hard: int, connections: int, said: str) -> None:
    arguments = [str(number) for number in (soft, hard, connections)]
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, check=True)
    assert done.stdout.decode().strip() == said
