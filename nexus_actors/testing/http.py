"""HTTP as a client sees it."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import msgspec
from aiohttp import ClientSession
from msgspec import Struct
from yarl import URL


class HttpAnswer(Struct, frozen=True):
    """An answer: its status, headers and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - whatever the service says
        """The body, decoded."""
        return msgspec.json.decode(self.body)

    @property
    def code(self) -> str | None:
        """The code of a problem document; None where the answer is none."""
        if self.headers.get("Content-Type", "").startswith("application/problem+json"):
            return str(self.json()["code"])
        return None


class HttpProbe:
    """A client of one service, with a token of its own."""

    def __init__(self, session: ClientSession, base_url: str, token: str | None) -> None:
        self._session = session
        self._base_url = base_url
        self._token = token

    async def send(
        self,
        method: str,
        path: str,
        json: object = None,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """Send a request: ``json`` is encoded, ``body`` is sent as it is (with whatever Content-Type the headers say)."""
        sent = dict(headers or {})
        if self._token is not None:
            sent.setdefault("Authorization", f"Bearer {self._token}")
        if json is not None:
            body = msgspec.json.encode(json)
            sent.setdefault("Content-Type", "application/json")
        data = None if body is None else BytesIO(body)
        async with self._session.request(method, URL(self._base_url + path, encoded=True), data=data, headers=sent) as response:
            return HttpAnswer(response.status, response.headers.copy(), await response.read())

    async def get(self, path: str, **options: Any) -> HttpAnswer:  # noqa: ANN401
        """GET; see `send`."""
        return await self.send("GET", path, **options)

    async def post(self, path: str, json: object = None, **options: Any) -> HttpAnswer:  # noqa: ANN401
        """POST; see `send`."""
        return await self.send("POST", path, json, **options)
