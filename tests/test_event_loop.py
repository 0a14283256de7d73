import asyncio
import socket
import sys
from typing import Any

import anyio
import pytest

from tests.event_loop import StrictLoop


@pytest.mark.parametrize("left_open", [True, False])
def test_what_is_left_open_is_closed_and_reported(monkeypatch: pytest.MonkeyPatch, *, left_open: bool) -> None:
    """uvloop's own loop would hang here."""
    reported: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", reported.append)
    ours, theirs = socket.socketpair()
    loop = StrictLoop()

    async def open_one() -> asyncio.BaseTransport:
        transport: asyncio.BaseTransport
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)  # type: ignore[assignment]
        if not left_open:
            transport.close()
            await anyio.sleep(0.01)
        return transport

    with theirs:
        opened = loop.run_until_complete(open_one())
        loop.close()
        assert theirs.recv(1) == b""
    assert [report.exc_type for report in reported] == [ResourceWarning] * left_open
    del opened
