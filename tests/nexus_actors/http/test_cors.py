"""Pages of other origins."""

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from nexus_actors.http.cors import ANSWER_HEADERS, METHODS, REQUEST_HEADERS, exact_origins
from nexus_actors.http.face import FaceSettings
from tests.nexus_actors.http.depot import READER, Depot, serving

pytestmark = pytest.mark.anyio

CHECKOUT = Path(__file__).resolve().parents[3]
APP = "https://app.example"
ASK = {"Origin": APP, "Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization,if-match"}
SAID = ("Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers")


@pytest.fixture
async def open_depot(anyio_backend: object) -> AsyncIterator[Depot]:
    """A depot that lets the pages of one origin in, and those of a phone's app."""
    async with serving(FaceSettings(origins=frozenset({APP, "capacitor://localhost"}))) as depot:
        yield depot


@pytest.mark.parametrize("path", ["/v1/crates", "/health", "/no/such", "/v1/label/a"])
async def test_a_page_gets_permission_without_a_token(open_depot: Depot, path: str) -> None:
    answer = await open_depot.send("OPTIONS", path, headers=ASK)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert answer.headers["Access-Control-Allow-Methods"] == ", ".join(METHODS)
    assert answer.headers["Access-Control-Allow-Headers"] == ", ".join(REQUEST_HEADERS)
    assert answer.headers["Vary"] == "Origin"
    assert int(answer.headers["Access-Control-Max-Age"]) > 0
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://app.example", f"{APP}:8443", f"{APP}.evil.example", "null", "*"]
)
async def test_other_pages_are_told_nothing(open_depot: Depot, origin: str) -> None:
    for method in ("OPTIONS", "GET"):
        answer = await open_depot.send(method, "/health", headers={**ASK, "Origin": origin})
        assert not any(name.startswith("Access-Control-") for name in answer.headers)
        assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize("path", ["/health", "/v1/label/a", "/no/such"])
async def test_a_page_reads_answers_and_problems(open_depot: Depot, path: str) -> None:
    for origin in (APP, "capacitor://localhost"):
        answer = await open_depot.send("GET", path, headers={**READER, "Origin": origin})
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert answer.headers["Access-Control-Expose-Headers"] == ", ".join(ANSWER_HEADERS)
        assert answer.headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_what_does_not_come_from_a_page_varies_too(open_depot: Depot) -> None:
    answer = await open_depot.send("GET", "/docs")
    assert answer.headers["Vary"] == "Origin", "a cache would give it to a page without permission"
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_off_by_default(depot: Depot) -> None:
    permission = await depot.send("OPTIONS", "/v1/label/a", headers=ASK)
    assert (permission.status, permission.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")
    page = await depot.send("GET", "/docs", headers={"Origin": APP})
    for answer in (permission, page):
        assert not {"Vary", *SAID} & answer.headers.keys()


def named(document: object) -> Iterator[tuple[str, str]]:
    """The headers in a document: of requests, and of answers."""
    if isinstance(document, list):
        for item in document:
            yield from named(item)
    elif isinstance(document, Mapping):
        if document.get("in") == "header":
            yield "request", document["name"]
        if isinstance(document.get("headers"), Mapping):
            yield from (("answer", name) for name in document["headers"])
        for value in document.values():
            yield from named(value)


def test_what_the_documents_name_may_be_sent_and_read() -> None:
    found = {
        one for path in (CHECKOUT / "docs/api").glob("*.openapi.json") for one in named(msgspec.json.decode(path.read_bytes()))
    }
    assert {("request", "If-Match"), ("request", "Idempotency-Key"), ("answer", "ETag")} <= found
    assert {name for side, name in found if side == "request"} <= set(REQUEST_HEADERS)
    assert {name for side, name in found if side == "answer"} <= set(ANSWER_HEADERS)


@pytest.mark.parametrize(
    "text", ["*", "null", "app.example", f"{APP}/", f"{APP}:443", "http://x:80", "HTTPS://x", "https://*.x", f"{APP} {APP}"]
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no origin"):
        exact_origins(f"https://ok.example,{text}")


def test_origins_are_read_exactly() -> None:
    assert exact_origins(f"{APP}, http://localhost:5173 ,http://[::1]:8080,") == {
        APP,
        "http://localhost:5173",
        "http://[::1]:8080",
    }
    assert exact_origins("") == frozenset()
