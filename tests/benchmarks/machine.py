"""What a benchmark ran on, in general terms."""

import os
import platform


def machine() -> str:
    """The machine in a few words."""
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
