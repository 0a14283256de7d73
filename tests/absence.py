"""What becomes of a test that needs what this machine does not have."""

import os
from typing import NoReturn

import pytest


def leave_out(reason: str) -> NoReturn:
    """Skip a test with words, or fail it with ``CI=true``: there, everything is to be run."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} With CI=true this is a failure.", pytrace=False)
    pytest.skip(reason)
