"""What an asker of an older release makes of a newer one's answer."""

from typing import Any, cast

import pytest
from msgspec import Raw

from bus import Envelope, NewerRelease, StreamName
from bus.requests import Answer, Requests
from nexus_actors.asking import BusAsker
from nexus_actors.testing import FakeClock
from tests.nexus_actors.runtime.releases.old import Unload

pytestmark = pytest.mark.anyio


class Answering:
    """Gives one value to every question."""

    def __init__(self, value: bytes) -> None:
        self._value = Raw(value)

    async def ask(self, stream: StreamName, envelope: Envelope, timeout_s: float) -> Answer:
        return Answer(id=envelope.id, value=self._value)


def asker(value: bytes) -> BusAsker:
    requests: Any = Answering(value)
    return BusAsker(cast("Requests", requests), "test", FakeClock())


async def test_an_answer_that_only_a_newer_release_can_read_is_told_as_that() -> None:
    assert (await asker(b"2").ask(Unload(ship="a"))).value == 2
    with pytest.raises(NewerRelease, match="was carried out"):
        await asker(b'{"unloaded":2}').ask(Unload(ship="a"))
