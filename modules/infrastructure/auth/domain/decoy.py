"""Accounts that do not exist, to ask of what is asked of real ones."""

import hmac
from uuid import UUID

from bus import keyed_id

DECOYS = 4096
"""How many there are: enough to spread over all partitions, few enough to keep."""


def decoy_user(key: bytes, tenant: str, address: str) -> UUID:
    """The id that stands in for an unknown address, the same one each time.

    A wrong password is recorded for unknown addresses too, under such an id, so that the answer takes as long. Without the
    key nobody can tell which one it is.
    """
    digest = hmac.digest(key, f"{tenant}\x1f{address}".encode(), "sha256")
    return keyed_id("auth decoy", str(int.from_bytes(digest[:4], "big") % DECOYS))
