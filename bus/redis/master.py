"""Connections to whichever server is the master now, as sentinels tell."""

from collections.abc import Awaitable, Callable
from typing import Any

from redis.asyncio.connection import Connection, SSLConnection
from redis.exceptions import ConnectionError as NotConnected
from typing_extensions import override

FindMaster = Callable[[], Awaitable[tuple[str, int]]]


class MasterConnection(Connection):
    """A connection that asks for the master each time it connects, and makes sure that it is one.

    The sentinels may name a server which has been demoted since (Redis documentation, "Guidelines for Redis clients with
    support for Redis Sentinel"). When they fail over they cut the connections to the former master, so the next use of each
    comes here again.
    """

    def __init__(self, *, find_master: FindMaster, **kwargs: Any) -> None:  # noqa: ANN401 - redis-py's own options
        super().__init__(**kwargs)
        self._find_master = find_master

    @override
    async def _connect(self) -> None:
        self.host, self.port = await self._find_master()
        await super()._connect()  # type: ignore[no-untyped-call]

    @override
    async def on_connect_check_health(self, check_health: bool = True) -> None:
        await super().on_connect_check_health(check_health)
        await self.send_command("ROLE", check_health=False)
        role = (await self.read_response(disable_decoding=True))[0]
        if role != b"master":
            raise NotConnected(f"The sentinels name {self.host}:{self.port}, which is no master ({role!r}).")


class TlsMasterConnection(MasterConnection, SSLConnection):
    """The same over TLS."""
