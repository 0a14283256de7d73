"""What `nexus up` shows of handlers that fail, while it runs in a terminal: each message's first failure, at once."""

from collections.abc import Callable
from typing import Final

import anyio

from nexus_actors.cli.terminal.log_line import read_line
from nexus_actors.cli.terminal.raised import raised
from nexus_actors.local.home import Home
from nexus_actors.local.log_file import FileTail

_LOOK_AGAIN_S: Final = 0.2
_FAILED: Final = {"message_retried": "It is tried again.", "message_parked": "It waits in the dead letters."}


def first_failure(line: str) -> str | None:
    """What a line of a log says of a message that has failed for the first time; None where it says nothing of the kind."""
    event = read_line(line)
    if event is None or event["event"] not in _FAILED or str(event.get("failures")) != "1":
        return None
    told = f"{event.get('service')}: {event.get('type')} failed, message {event.get('message_id')}. {_FAILED[event['event']]}"
    return "\n".join([told, *(f"    {line}" for line in raised(event.get("exception")))])


async def follow_failures(home: Home, show: Callable[[str], None]) -> None:
    """Show what the logs of the workers say of failures from now on, until cancelled."""
    tails = [FileTail(file) for file in sorted(home.logs.glob("worker-*.log"))]
    while True:
        for tail in tails:
            for line in tail.new_lines():
                if (failure := first_failure(line)) is not None:
                    show(failure)
        await anyio.sleep(_LOOK_AGAIN_S)
