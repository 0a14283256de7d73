import time

import anyio
import pytest

from bus import Refusal
from modules.infrastructure.auth.passwords import Passwords

pytestmark = pytest.mark.anyio


def cheap(cores: int = 2, queue: int = 64) -> Passwords:
    return Passwords(cores, queue, memory_kib=64, passes=1)


async def test_a_password_matches_its_hash_and_no_other() -> None:
    passwords = cheap()
    phc = await passwords.hash("tractor-violet-monsoon")
    assert phc.startswith(b"$argon2id$v=19$m=64,t=1,p=1$")
    assert await passwords.verify("tractor-violet-monsoon", phc)
    assert not await passwords.verify("tractor-violet-monsooN", phc)
    assert not await passwords.verify("", phc)


async def test_nobodys_password_is_wrong_and_takes_as_long() -> None:
    passwords = Passwords(2)
    phc = await passwords.hash("tractor-violet-monsoon")
    spans: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(12):
        for known in (True, False):
            started = time.perf_counter()
            assert not await passwords.verify("wrong", phc if known else None)
            spans[known].append(time.perf_counter() - started)
    known_s, unknown_s = (sorted(spans[known])[3] for known in (True, False))
    assert 0.6 < unknown_s / known_s < 1.6


async def test_what_is_too_long_is_not_hashed() -> None:
    started = time.perf_counter()
    assert not await Passwords(1).verify("x" * 5_000_000, b"$argon2id$")
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("phc", [b"", b"plain", b"$argon2id$v=19$m=64", b"$2b$12$abcdefghijklmnopqrstuv"])
async def test_a_hash_that_is_none_matches_nothing(phc: bytes) -> None:
    assert not await cheap().verify("x", phc)


async def test_todays_parameters_are_owasps_minimum() -> None:
    passwords = Passwords(1)
    phc = await passwords.hash("tractor-violet-monsoon")
    assert phc.startswith(b"$argon2id$v=19$m=19456,t=2,p=1$")
    assert not passwords.is_outdated(phc)
    assert passwords.is_outdated(await cheap().hash("tractor-violet-monsoon"))


async def test_beyond_the_queue_it_says_come_again() -> None:
    passwords = Passwords(1, 2)
    outcomes: list[str] = []

    async def one() -> None:
        try:
            await passwords.hash("tractor-violet-monsoon")
            outcomes.append("hashed")
        except Refusal as refusal:
            outcomes.append(refusal.kind)

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(one)
    assert sorted(outcomes) == ["hashed", "hashed", "hashed", "unavailable", "unavailable"]
    await passwords.hash("tractor-violet-monsoon")


async def test_a_storm_does_not_hold_the_event_loop_up() -> None:
    passwords = Passwords(1, 64)
    lags: list[float] = []

    async def watch() -> None:
        while True:
            started = time.perf_counter()
            await anyio.sleep(0.005)
            lags.append(time.perf_counter() - started - 0.005)

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        async with anyio.create_task_group() as storm:
            for _ in range(10):
                storm.start_soon(passwords.hash, "tractor-violet-monsoon")
        group.cancel_scope.cancel()
    assert sorted(lags)[len(lags) // 2] < 0.02
