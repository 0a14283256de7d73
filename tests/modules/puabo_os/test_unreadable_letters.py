"""Entries that are no messages: they are shown as they came, and can only be dropped."""

import pytest

from bus.publisher import Outgoing, Publisher
from nexus_actors.testing import TestPlatform
from tests.modules.puabo_os.lathe import LATHES, Cut
from tests.modules.puabo_os.test_dead_letters import DROP, LETTERS, REDRIVE, letters, operator

pytestmark = pytest.mark.anyio


async def test_what_cannot_be_read_is_shown_as_it_came_and_can_be_dropped(shop: TestPlatform) -> None:
    garbage = [Outgoing(LATHES.stream("commands", 0), body) for body in (b"not json", b'{"specversion":"1.0"}')]
    await Publisher(shop.worker.streams).publish(garbage)
    await shop.settle()
    found = await letters(shop, "?key=")
    assert [(letter["type"], letter["key"]) for letter in found] == [("unknown", "")] * 2
    shown = (await operator(shop).get(f"{LETTERS}/{found[0]['message_id']}?service=lathe-ms")).json()
    assert (shown["text"], shown["envelope"]) == ("not json", None)
    answer = await operator(shop).post(DROP, {"service": "lathe-ms", "message_ids": [found[0]["message_id"]]})
    assert answer.json()["dropped"] == 1
    answer = await operator(shop).post(REDRIVE, {"service": "lathe-ms", "key": ""})
    assert (answer.status, answer.code) == (422, "invalid")
    assert [letter["message_id"] for letter in await letters(shop, "?key=")] == [found[1]["message_id"]]
    await shop.ask(Cut(lathe="c", part="rod"))
