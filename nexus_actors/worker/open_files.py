"""How many files this process may hold open: each connection is one."""

import resource
from typing import Final

RESERVE: Final = 256
"""What the process needs beside the connections of its faces: databases, streams, logs, libraries."""


def allow_connections(connections: int) -> bool:
    """Let this process hold so many connections, as far as its hard limit goes.

    Shells usually give 1,024 files, and a process that has run out of them reaches neither its database nor its streams.

    Returns:
        Whether there is room for all of them.
    """
    wanted = connections + RESERVE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return True
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed == wanted
