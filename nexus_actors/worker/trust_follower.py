"""Keeping a process's trust up to date: what the database says, then what auth-ms publishes."""

from typing import Any

import anyio

from bus import BusError
from bus.codec import Contracts
from bus.follower import follow
from bus.store import StreamStore
from nexus_actors.database import Database
from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.security.contract import AUTH, SigningKeyPublished, SigningKeyRetired, TokensRevoked
from nexus_actors.security.trust import TrustStore, load

RELOAD_S = 30.0
_RETRY_S = 1.0


class TrustFollower:
    """Feeds a `TrustStore`.

    The events come within milliseconds. The database is read again now and then all the same, for an event may be lost with
    Redis's last second.
    """

    def __init__(self, trust: TrustStore, database: Database, streams: StreamStore, log: Any) -> None:  # noqa: ANN401
        self._trust = trust
        self._database = database
        self._streams = streams
        self._contracts = Contracts([SigningKeyPublished, SigningKeyRetired, TokensRevoked])
        self._log = log

    async def load(self) -> None:
        """Read the database once."""
        await load(self._database, self._trust)

    async def reload(self) -> None:
        """Read the database now and then, for ever."""
        while True:
            await anyio.sleep(RELOAD_S)
            try:
                await self.load()
            except DatabaseUnavailable as error:
                self._log.warning("trust_not_reloaded", error=str(error))

    async def follow(self) -> None:
        """Take in what auth-ms publishes, for ever."""
        after = await self._from_now()
        await self.load()
        async for followed in follow(self._streams, after):
            if self._contracts.find(followed.envelope.type) is None:
                continue
            try:
                event = self._contracts.decode(followed.envelope)
            except BusError as error:
                self._log.error("trust_event_unreadable", message_id=str(followed.envelope.id), error=str(error))
                continue
            if isinstance(event, SigningKeyPublished | SigningKeyRetired | TokensRevoked):
                self._trust.apply(event)

    async def _from_now(self) -> dict[Any, Any]:
        while True:
            try:
                return await self._streams.last(AUTH.streams("events"))
            except BusError as error:
                self._log.warning("trust_waits_for_streams", error=str(error))
                await anyio.sleep(_RETRY_S)
