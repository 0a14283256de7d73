"""Telling actors how their jobs have ended, until they certainly know."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

from bus import BusError, StreamName
from bus.publisher import Outgoing, Publisher
from nexus_actors.jobs.store import JobStore, Untold, report_id
from nexus_actors.jobs.telling import stream_of
from nexus_actors.runtime.store import Known
from nexus_actors.service import Service

_LIMIT: Final = 100
LONGEST_S: Final = 15.0
"""An end that is not known to be told is told again at least so often: the key may be held back, or the streams may be away."""


class Inbox(Protocol):
    """Knows what a service has handled."""

    async def known(self, message_ids: Sequence[UUID]) -> Mapping[UUID, Known]:
        """Which of these messages have been handled."""
        ...


class Announcer:
    """Publishes ends.

    An end counts as told when the service's inbox has it, or its dead letters: a stream may lose what it has confirmed. Until
    then any worker publishes it again, under the same id, and the inbox lets one of them through.

    Args:
        services: each with its inbox.
    """

    def __init__(
        self,
        store: JobStore,
        publisher: Publisher,
        services: Mapping[str, tuple[Service, Inbox]],
        log: Any,  # noqa: ANN401
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._services = services
        self._log = log

    async def announce(self, service: str, key: str, report: bytes) -> None:
        """Publish an end. Where that fails, it is among those to be told again."""
        await self.publish([(stream_of(self._services[service][0], key), report)])

    async def publish(self, messages: Sequence[tuple[StreamName, bytes]]) -> None:
        """Publish envelopes; a failure is logged."""
        try:
            failures = await self._publisher.send([Outgoing(stream, body) for stream, body in messages])
        except BusError as error:
            failures = {stream: error for stream, _ in messages}
        if failures:
            self._log.warning("job_reports_wait", streams=len(failures), error=str(next(iter(failures.values()))))

    async def tell_again(self, services: Sequence[str]) -> None:
        """Look which ends have been heard, and publish the others again."""
        untold = await self._store.untold(services, _LIMIT, LONGEST_S)
        if not untold:
            return
        heard = [end.job_id for end in untold if end.settled] + await self._handled(untold)
        if heard:
            await self._store.told(heard)
        again = [end for end in untold if end.job_id not in heard]
        await self.publish([(stream_of(self._services[end.service][0], end.key), end.report) for end in again])

    async def _handled(self, untold: Sequence[Untold]) -> list[UUID]:
        found: list[UUID] = []
        for name in {end.service for end in untold}:
            ids = {report_id(end.job_id): end.job_id for end in untold if end.service == name}
            found += [ids[message_id] for message_id in await self._services[name][1].known(list(ids))]
        return found
