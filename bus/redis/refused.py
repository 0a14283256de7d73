"""What a refusal of Redis means for who asked."""

import re
from typing import Final

from redis.exceptions import NoPermissionError, ResponseError

from bus.errors import BusUnavailable, NotPermitted
from bus.redis.link import Unreached

# Within a script a missing permission comes as the script's own error.
_FORBIDDEN: Final = re.compile(r"NOPERM|ACL failure|no permissions|The user executing the script", re.IGNORECASE)
_COMMAND: Final = re.compile(r"run the '([^']+)' command")


def is_forbidden(error: object) -> bool:
    """Whether it was refused because the account may not do it."""
    # Unreached: what is tried as a connection is made, such as ROLE, is refused there.
    return isinstance(error, NoPermissionError) or (
        isinstance(error, ResponseError | Unreached) and _FORBIDDEN.search(str(error)) is not None
    )


def what_is_forbidden(error: object) -> str:
    """The command or the kind of thing that is not permitted, in a word or two."""
    found = _COMMAND.search(str(error))
    return f"the command {found[1].upper()}" if found else "one of its keys"


def refused(error: Exception, said: str) -> BusUnavailable:
    """The error of the bus for a refusal.

    Args:
        said: what was refused.
    """
    if is_forbidden(error):
        return NotPermitted(
            f"{said}: {error}. Give its account the permissions that docs/servers.md names.", what_is_forbidden(error)
        )
    return BusUnavailable(f"{said}: {error}.")
