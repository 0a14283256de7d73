"""The sentinels of a Redis."""

from copy import copy
from typing import cast

from redis.asyncio.sentinel import Sentinel
from typing_extensions import override


class Sentinels(Sentinel):
    """Sentinels of which none is forgotten.

    redis-py puts the one that answered in front by the index that it had before it was asked. Of two connections that ask at
    once while the first sentinel is away, the second would overwrite a sentinel with another one: nobody asks it again, and
    nobody closes its connections.
    """

    @override
    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """The master's host and port. Who answered is asked first the next time."""
        looking = copy(self)
        looking.sentinels = list(self.sentinels)
        host, port = await super(Sentinels, looking).discover_master(service_name)
        answered = looking.sentinels[0]
        self.sentinels.remove(answered)
        self.sentinels.insert(0, answered)
        return cast("str", host), cast("int", port)
