"""Drivers over HTTP: what their routes promise, whoever wrote them."""

from collections import Counter
from typing import Any

import anyio
import pytest

from bus import new_id
from modules.puabo_nexus.fleet.contract import ERASE, READ, READ_ANY, WRITE
from modules.puabo_nexus.fleet.service import service
from nexus_actors.testing import HttpProbe, TestPlatform
from nexus_actors.testing.fixtures import platform_fixture, probe_fixture

pytestmark = pytest.mark.anyio

PATH = "/v1/drivers"


platform = platform_fixture(service, shared=True)
desk = probe_fixture(service, READ, READ_ANY, WRITE, tenant=None)


async def registered(desk: HttpProbe, **body: Any) -> Any:
    answer = await desk.post(PATH, {"name": "Ana", **body})
    assert answer.status == 201, answer.body
    return answer.json()


async def test_a_driver_is_made_shown_changed_and_retired(desk: HttpProbe) -> None:
    made = await desk.post(PATH, {"name": " Ana  Horvat", "phone": "+385 (91) 234-5678", "licence_number": None})
    driver = made.json()
    path = f"{PATH}/{driver['driver_id']}"

    assert (made.status, made.headers["ETag"], made.headers["Location"]) == (201, '"1"', path)
    assert driver | {"driver_id": "", "registered_at": ""} == {
        "driver_id": "",
        "name": "Ana Horvat",
        "phone": "+385912345678",
        "licence_number": None,
        "status": "active",
        "registered_at": "",
        "version": 1,
        "user_id": None,
    }
    shown = await desk.get(path)
    assert (shown.status, shown.json(), shown.headers["ETag"]) == (200, driver, '"1"')
    assert (await desk.get(path, headers={"If-None-Match": '"1"'})).status == 304
    changed = await desk.send("PATCH", path, {"phone": None, "licence_number": "b-1"}, headers={"If-Match": '"1"'})
    assert changed.json() == driver | {"phone": None, "licence_number": "B-1", "version": 2}
    assert (await desk.send("PATCH", path, {})).headers["ETag"] == '"2"'
    retired = await desk.post(f"{path}:retire", headers={"If-Match": '"2"'})
    assert (retired.status, retired.json()["status"], retired.headers["ETag"]) == (200, "retired", '"3"')


@pytest.mark.parametrize(
    ("body", "code", "fields"),
    [
        ({}, "invalid", ["$.name"]),
        ({"name": ""}, "invalid", ["$.name"]),
        ({"name": None}, "invalid", ["$.name"]),
        ({"name": 1}, "invalid", ["$.name"]),
        ({"name": "Ana", "user_id": "ana"}, "invalid", ["$.user_id"]),
        ({"name": "Ana", "color": "red"}, "invalid", ["$.color"]),
        ({"name": "Ana", "driver_id": str(new_id())}, "invalid", ["$.driver_id"]),
        ({"name": "Ana", "expected_version": 1}, "invalid", ["$.expected_version"]),
        ({"name": "1", "phone": "091", "licence_number": "-"}, "invalid_driver", ["$.name", "$.phone", "$.licence_number"]),
        ({"name": "a" * 101}, "invalid_driver", ["$.name"]),
    ],
)
async def test_what_is_wrong_is_named(desk: HttpProbe, body: Any, code: str, fields: list[str]) -> None:
    problem = (await desk.post(PATH, body)).json()
    assert (problem["status"], problem["code"]) == (422, code)
    assert [error["field"] for error in problem["errors"]] == fields
    assert (await desk.get(PATH)).json() == {"items": [], "next": None}


async def test_a_driver_is_erased_with_a_scope_of_its_own(platform: TestPlatform) -> None:
    tenant = f"tenant-{new_id().hex}"
    writer = platform.http(service.name, READ, WRITE, tenant=tenant)
    driver = await registered(writer, phone="+385912345678")
    path = f"{PATH}/{driver['driver_id']}:erase"
    assert (await writer.post(path)).status == 403
    eraser = platform.http(service.name, ERASE, READ_ANY, READ, tenant=tenant)
    erased = driver | {"name": "erased", "phone": None, "status": "retired", "version": 2}
    for _ in range(2):
        answer = await eraser.post(path)
        assert (answer.status, answer.json()) == (200, erased)
    assert (await eraser.get(PATH)).json()["items"] == [erased]
    assert (await eraser.post(f"{PATH}/{new_id()}:erase")).code == "driver_not_found"


async def test_a_change_goes_to_the_version_that_was_read(desk: HttpProbe) -> None:
    path = f"{PATH}/{(await registered(desk))['driver_id']}"
    for tag, status, code in (
        ('"2"', 412, "version_mismatch"),
        ('W/"1"', 412, "version_mismatch"),
        ("1", 400, "etag_malformed"),
        ('"1", "2"', 400, "several_versions"),
    ):
        for answer in (
            await desk.send("PATCH", path, {"name": "Eva"}, headers={"If-Match": tag}),
            await desk.post(f"{path}:retire", headers={"If-Match": tag}),
        ):
            assert (answer.status, answer.code) == (status, code)
    assert (await desk.send("PATCH", path, {"name": None})).code == "invalid"
    assert (await desk.send("PATCH", path, {"name": "Eva"}, headers={"If-Match": "*"})).json()["version"] == 2
    assert (await desk.post(f"{path}:retire", {"reason": "x"})).code == "invalid"
    assert (await desk.send("PATCH", f"{PATH}/{new_id()}", {"name": "Eva"})).code == "driver_not_found"
    assert (await desk.send("PATCH", f"{PATH}/ana", {"name": "Eva"})).code == "invalid"


async def test_a_repeat_is_answered_once_more(desk: HttpProbe) -> None:
    headers = {"Idempotency-Key": "first"}
    first = await desk.post(PATH, {"name": "Ana"}, headers=headers)
    again = await desk.post(PATH, {"name": "Ana"}, headers=headers)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert len((await desk.get(PATH)).json()["items"]) == 1


async def test_lists_come_in_pages_and_by_filter(desk: HttpProbe) -> None:
    made = [await registered(desk, name=name) for name in ("Ana", "Eva", "Ivo", "Una", "Zoe")]
    await desk.post(f"{PATH}/{made[2]['driver_id']}:retire")

    seen, cursor = [], ""
    while True:
        page = (await desk.get(f"{PATH}?limit=2{cursor}")).json()
        seen += [item["driver_id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [driver["driver_id"] for driver in made]
    for status, count in (("active", 4), ("retired", 1)):
        assert len((await desk.get(f"{PATH}?status={status}")).json()["items"]) == count
    for query in ("status=lost", "limit=0", "limit=201", "name=Ana", "status=active&status=retired"):
        assert (await desk.get(f"{PATH}?{query}")).code == "invalid"
    assert (await desk.get(f"{PATH}?cursor=AAAA")).code == "invalid_cursor"
    vehicle = (await desk.post("/v1/vehicles", {"plate": "ZG 1"})).json()
    assert vehicle["vehicle_id"] not in seen


async def test_of_many_at_once_one_gets_the_account(desk: HttpProbe) -> None:
    codes: list[str | None] = []
    user_id = str(new_id())

    async def register(number: int) -> None:
        codes.append((await desk.post(PATH, {"name": f"Ana {number}x", "user_id": user_id})).code)

    async with anyio.create_task_group() as tasks:
        for number in range(8):
            tasks.start_soon(register, number)
    assert Counter(codes) == {None: 1, "account_taken": 7}
