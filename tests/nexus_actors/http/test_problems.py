"""Problem documents: every refusal and every fault, told one way."""

from typing import get_args

import pytest
import structlog

from bus import (
    BusUnavailable,
    DeadlineExceeded,
    FieldError,
    NewerRelease,
    Overloaded,
    PublishFailed,
    Refusal,
    RefusalKind,
    TooLarge,
)
from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.http import found
from nexus_actors.http.problem import STATUS_BY_KIND, problem_of
from nexus_actors.http.problem_catalogue import PROBLEM_CODES
from tests.nexus_actors.http.depot import READER, WRITER, Answer, Depot, raw_exchange

TRACE = "0af7651916cd43dd8448eb211c80319c"


async def pack(depot: Depot, fault: Exception) -> Answer:
    depot.inbox.fails = fault
    return await depot.send("POST", "/v1/crates", body={"label": "a"}, headers=WRITER)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (Refusal.malformed("broken", "Broken."), 400),
        (Refusal.unauthorised("login_wrong", "Wrong."), 401),
        (Refusal.forbidden("not_yours", "No."), 403),
        (Refusal.not_found("crate_not_found", "None."), 404),
        (Refusal.conflict("crate_exists", "There."), 409),
        (Refusal.gone("crate_gone", "Gone."), 410),
        (Refusal.precondition("crate_moved_on", "Moved."), 412),
        (Refusal.invalid("fix_in_future", "Future.", FieldError("$.fixes[0].fix_at", "It has not come.")), 422),
        (Refusal.locked("crate_locked", "Locked."), 423),
        (Refusal.too_early("not_yet", "Wait."), 425),
        (Refusal.rate_limited("too_often", "Slower.", 2.1), 429),
        (Refusal.unavailable("no_room", "Later.", 0.2), 503),
    ],
)
async def test_a_refusal_has_the_status_of_its_kind(depot: Depot, refusal: Refusal, status: int) -> None:
    answer = await pack(depot, refusal)
    problem = answer.problem(status, refusal.code)
    assert problem["detail"] == refusal.detail
    assert [error["field"] for error in problem.get("errors", [])] == [error.field for error in refusal.errors]
    assert answer.headers.get("Retry-After") == {429: "3", 503: "1"}.get(status)
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)


@pytest.mark.anyio
async def test_a_problem_that_quotes_odd_text_is_told(depot: Depot) -> None:
    answer = await pack(depot, Refusal.invalid("odd", "bad \udcff\0", FieldError("$.\udcff", "odd \0")))
    problem = answer.problem(422, "odd")
    assert problem["detail"] == r"bad \udcff\0"
    assert problem["errors"] == [{"field": r"$.\udcff", "reason": r"odd \0"}]


@pytest.mark.anyio
async def test_a_message_that_would_be_too_large_is_413(depot: Depot) -> None:
    problem = (await pack(depot, TooLarge("It has 2 bytes, more than 1."))).problem(413, "message_too_large")
    assert problem["detail"] == "It has 2 bytes, more than 1."


def test_every_kind_has_a_status() -> None:
    assert set(STATUS_BY_KIND) == set(get_args(RefusalKind))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fault", "code", "retry_after"),
    [
        (Overloaded("depot:1", 7.0), "overloaded", "7"),
        (DeadlineExceeded("no answer"), "no_answer_yet", "1"),
        (NewerRelease("its answer"), "newer_release_needed", "1"),
        (PublishFailed("lost"), "publish_failed", "1"),
        (BusUnavailable("away"), "bus_unavailable", "1"),
        (DatabaseUnavailable("away"), "database_unavailable", "1"),
    ],
)
async def test_a_dependency_that_fails_is_503_and_says_when_to_come_again(
    depot: Depot, fault: Exception, code: str, retry_after: str
) -> None:
    answer = await pack(depot, fault)
    answer.problem(503, code)
    assert answer.headers["Retry-After"] == retry_after


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/v1/broken", "/v1/wrong"])
async def test_a_fault_is_logged_and_not_shown(depot: Depot, path: str) -> None:
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as logs:
        answer = await depot.send("GET", path)
    problem = answer.problem(500, "internal")
    assert b"secret" not in answer.body
    assert b"Principal" not in answer.body
    assert [(log["path"], log["trace_id"], log["log_level"]) for log in logs] == [(path, problem["trace_id"], "error")]


@pytest.mark.anyio
@pytest.mark.parametrize("how", ["process", "task", "coroutine"])
async def test_a_handler_that_ends_what_is_not_its_own_has_failed_and_ends_nothing(depot: Depot, how: str) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await depot.send("GET", f"/v1/ends/{how}")
    answer.problem(500, "internal")
    assert [log["log_level"] for log in logs] == ["error"]
    assert (await depot.send("GET", "/v1/label/a")).status == 200


@pytest.mark.anyio
async def test_a_refusal_is_no_fault_and_is_not_logged(depot: Depot) -> None:
    with structlog.testing.capture_logs() as logs:
        await pack(depot, Refusal.conflict("crate_exists", "There."))
        await depot.send("GET", "/nowhere")
    assert logs == []


@pytest.mark.anyio
async def test_the_trace_of_the_caller_goes_on(depot: Depot) -> None:
    headers = {**WRITER, "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    answer = await depot.send("POST", "/v1/crates", body={"label": "a"}, headers=headers)
    assert answer.headers["Trace-Id"] == TRACE
    _, trace_id, span_id, flags = depot.inbox.calls[0]["traceparent"].split("-")
    assert (trace_id, flags) == (TRACE, "01")
    assert span_id != "b7ad6b7169203331"


@pytest.mark.anyio
@pytest.mark.parametrize("traceparent", ["", "rubbish", "00-" + "0" * 32 + "-b7ad6b7169203331-01"])
async def test_a_trace_that_cannot_be_read_is_replaced(depot: Depot, traceparent: str) -> None:
    first = await depot.send("GET", "/nowhere", headers={"traceparent": traceparent})
    second = await depot.send("GET", "/nowhere", headers={"traceparent": traceparent})
    traces = {first.problem(404, "no_such_route")["trace_id"], second.problem(404, "no_such_route")["trace_id"]}
    assert len(traces) == 2


@pytest.mark.anyio
async def test_another_method_is_told_what_there_is(depot: Depot) -> None:
    answer = await depot.send("PUT", "/v1/crates")
    answer.problem(405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    options = await depot.send("OPTIONS", "/v1/crates")
    assert (options.status, options.headers["Allow"], options.body) == (204, "GET, HEAD, OPTIONS, POST", b"")
    (await depot.send("OPTIONS", "/nowhere")).problem(404, "no_such_route")


@pytest.mark.anyio
async def test_head_is_get_without_the_body(depot: Depot) -> None:
    got = await depot.send("GET", "/v1/crates", headers=READER)
    head = await depot.send("HEAD", "/v1/crates", headers=READER)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(got.body))
    assert head.headers["ETag"] == got.headers["ETag"]
    assert (await depot.send("HEAD", "/v1/crates")).status == 401


@pytest.mark.anyio
@pytest.mark.parametrize(
    "data",
    [
        b"RUBBISH\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 40_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 500 + b"\r\n",
    ],
)
async def test_what_is_no_http_gets_a_problem_too(depot: Depot, data: bytes) -> None:
    head, _, body = (await raw_exchange(depot.port, data)).partition(b"\r\n\r\n")
    assert b" 400 " in head.splitlines()[0]
    assert b"application/problem+json" in head
    assert b'"code":"malformed"' in body


@pytest.mark.anyio
async def test_every_answer_carries_its_guards(depot: Depot) -> None:
    for path in ["/", "/v1/crates", "/nowhere", "/v1/label/a", "/metrics"]:
        headers = (await depot.send("GET", path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Server"] == "nexus"
        assert len(headers["Trace-Id"]) == 32


@pytest.mark.anyio
async def test_answers_are_counted_by_route(depot: Depot) -> None:
    await depot.send("GET", "/v1/label/a")
    await depot.send("GET", "/v1/label/b")
    await depot.send("GET", "/wp-admin.php")
    await depot.send("POST", "/v1/crates/01950000-0000-7000-8000-000000000001:seal")
    await depot.send("PROPFIND", "/v1/label/a")
    assert depot.counts.seen == [
        ("GET", "/v1/label/{name}", 200),
        ("GET", "/v1/label/{name}", 200),
        ("GET", "unmatched", 404),
        ("POST", "/v1/crates/{crate_id}:seal", 401),
        ("OTHER", "unmatched", 405),
    ]


@pytest.mark.anyio
async def test_what_is_not_there_is_not_found(depot: Depot) -> None:
    (await depot.send("GET", "/v1/crates/00000000-0000-0000-0000-000000000000", headers=READER)).problem(404, "crate_not_found")
    assert found("x", "crate") == "x"


def test_a_fault_stands_for_no_problem() -> None:
    assert problem_of(ValueError("x")) is None


@pytest.mark.anyio
async def test_the_page_of_problems_has_every_code(depot: Depot) -> None:
    page = await depot.send("GET", "/docs/problems")
    assert page.headers["Content-Type"].startswith("text/html")
    for code in PROBLEM_CODES:
        assert f'id="{code}"'.encode() in page.body
