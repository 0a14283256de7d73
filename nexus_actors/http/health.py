"""How a service fares, as ``/health`` and its kin tell it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Final, Literal

import anyio
from msgspec import Struct

from nexus_actors.http.ports import HealthProbe

CHECK_TIMEOUT_S: Final = 2.0

Connection = Literal["connected", "disconnected"]


class HealthDocument(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What ``/health`` answers, on one line, its members in this order.

    Attributes:
        troubles: what keeps the service from its work now; left out while there is nothing.
        waiting: which keys of this process wait without being to blame, and for what; likewise. The others go on.
        warnings: what is dangerous about its servers, though everything works; likewise.
    """

    status: Literal["ok", "degraded"]
    service: str
    timestamp: datetime
    version: str
    port: int
    dependencies: Mapping[str, Connection]
    troubles: Sequence[str] = ()
    waiting: Sequence[str] = ()
    warnings: Sequence[str] = ()


class StateDocument(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What ``/health/live`` and ``/health/ready`` answer.

    Attributes:
        troubles: what keeps the service from its work now; left out while there is nothing.
    """

    status: Literal["live", "stuck", "ready", "starting", "troubled", "draining"]
    service: str
    troubles: Sequence[str] = ()


class Verdict(Struct, frozen=True, kw_only=True):
    """What everybody may know: how the service fares, in a word."""

    status: str
    service: str


class Health:
    """Answers the health questions of one service.

    Attributes:
        port: the port that the service listens on.
        draining: the service is about to stop: it still answers, and asks for no more requests.
    """

    def __init__(self, service: str, version: str, port: int, probe: HealthProbe) -> None:
        self.port = port
        self.draining = False
        self._service = service
        self._version = version
        self._probe = probe
        self._known: Mapping[str, bool] = {}

    async def report(self, now: datetime) -> tuple[HTTPStatus, HealthDocument]:
        """The state of the dependencies; 503 where one is away or in trouble. A check that hangs counts as all of them away."""
        answered = False
        with anyio.move_on_after(CHECK_TIMEOUT_S):
            self._known = await self._probe.check()
            answered = True
        connected = {name: is_connected and answered for name, is_connected in self._known.items()}
        troubles = self._probe.troubles()
        is_ok = answered and all(connected.values()) and not troubles
        document = HealthDocument(
            status="ok" if is_ok else "degraded",
            service=self._service,
            timestamp=now,
            version=self._version,
            port=self.port,
            dependencies={name: "connected" if up else "disconnected" for name, up in connected.items()},
            troubles=tuple(troubles),
            waiting=tuple(self._probe.waiting()),
            warnings=tuple(self._probe.warnings()),
        )
        return _status(is_ok), document

    def live(self) -> tuple[HTTPStatus, StateDocument]:
        """Whether the process makes progress; 503 asks for a restart, which troubles of the servers do not."""
        is_live, troubles = self._probe.live(), tuple(self._probe.troubles())
        state = StateDocument(status="live" if is_live else "stuck", service=self._service, troubles=troubles)
        return _status(is_live), state

    def ready(self) -> tuple[HTTPStatus, StateDocument]:
        """Whether to send requests here; 503 while it starts, is in trouble, and from the moment that it is about to stop."""
        if self.draining:
            return _status(False), StateDocument(status="draining", service=self._service)
        if not self._probe.ready():
            return _status(False), StateDocument(status="starting", service=self._service)
        troubles = tuple(self._probe.troubles())
        state = StateDocument(status="troubled" if troubles else "ready", service=self._service, troubles=troubles)
        return _status(not troubles), state


def in_a_word(document: HealthDocument | StateDocument) -> Verdict:
    """A document without what concerns the inside."""
    return Verdict(status=document.status, service=document.service)


def _status(is_well: bool) -> HTTPStatus:
    return HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE
