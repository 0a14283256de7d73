"""The faces of a worker's services, together."""

import socket

import anyio
import pytest

from bus import Command, Topic
from nexus_actors import Actor, Context, Service, ServiceEntry, handles
from nexus_actors.http import Request, Routes
from nexus_actors.testing import TestPlatform, open_platform
from tests.nexus_actors.runtime.counter import counter

pytestmark = pytest.mark.anyio

GATES = Topic("gate-ms", partitions=1)
OTHERS_PORT: list[int] = []
ASKED: list[anyio.Event] = []

routes = Routes(tag="gates")


class Shut(Command[None], topic=GATES, key="gate"):
    """Shut a gate."""

    gate: str


class Gate(Actor[None]):
    """Does nothing."""

    @handles
    def shut(self, message: Shut, ctx: Context) -> None: ...


@routes.get("/v1/wait", scope=None)
async def wait(request: Request) -> None:
    """Wait until the other service takes no more connections."""
    ASKED[0].set()
    while is_open(OTHERS_PORT[0]):  # noqa: ASYNC110 - nobody tells
        await anyio.sleep(0.02)


def is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


GATE_ENTRY = ServiceEntry(name="gate-ms", title="Gates", module="test", port=2, package="tests.gates", layer="business")
gates = Service(GATE_ENTRY, topic=GATES, actors=[Gate], routes=[routes])


async def test_the_services_of_a_worker_finish_their_requests_at_the_same_time(database_url: str) -> None:
    ASKED[:] = [anyio.Event()]
    statuses: list[int] = []

    async def ask(platform: TestPlatform) -> None:
        statuses.append((await platform.http("gate-ms").get("/v1/wait")).status)

    opened = open_platform([counter, gates], database_url, environ={"NEXUS_DRAIN_S": "5"})
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks, opened as platform:
            OTHERS_PORT[:] = [platform.faces.ports["counter-ms"]]
            tasks.start_soon(ask, platform)
            await ASKED[0].wait()
    assert statuses == [204]
