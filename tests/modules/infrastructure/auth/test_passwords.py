import time
from unicodedata import normalize

import anyio
import pytest
from argon2 import PasswordHasher

from bus import Refusal
from modules.infrastructure.auth.passwords import Passwords, Verdict

pytestmark = pytest.mark.anyio


def cheap(cores: int = 2, queue: int = 64) -> Passwords:
    return Passwords(cores, queue, memory_kib=64, passes=1)


async def test_a_password_matches_its_hash_and_no_other() -> None:
    passwords = cheap()
    phc = await passwords.hash("tractor-violet-monsoon")
    assert phc.startswith(b"$argon2id$v=19$m=64,t=1,p=1$")
    assert await passwords.verify("tractor-violet-monsoon", phc) == Verdict(right=True)
    assert await passwords.verify("tractor-violet-monsooN", phc) == Verdict(right=False)
    assert await passwords.verify("", phc) == Verdict(right=False)


async def test_a_password_matches_however_a_keyboard_composes_it() -> None:
    """Set on one machine as composed characters, typed on another as letters and marks, with a no-break space."""
    passwords = cheap()
    typed = "Pe\u0301riode ale\u0301atoire\u00a0bleue"
    phc = await passwords.hash(normalize("NFC", typed))
    for form in ("NFC", "NFD"):
        assert await passwords.verify(normalize(form, typed), phc) == Verdict(right=True)
    for other in ("Periode aleatoire bleue", "\uff30\xe9riode al\xe9atoire bleue"):
        assert await passwords.verify(other, phc) == Verdict(right=False)


async def test_a_hash_of_a_password_as_it_was_typed_still_matches_and_is_outdated() -> None:
    """Hashes that were made before passwords were prepared."""
    typed = "Pe\u0301riode ale\u0301atoire"
    phc = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(typed).encode()
    assert await cheap().verify(typed, phc) == Verdict(right=True, outdated=True)
    assert await cheap().verify(typed + "x", phc) == Verdict(right=False)


async def test_nobodys_password_is_wrong_and_takes_as_long() -> None:
    passwords = Passwords(2)
    phc = await passwords.hash("tractor-violet-monsoon")
    spans: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(12):
        for known in (True, False):
            started = time.perf_counter()
            assert not (await passwords.verify("wrong", phc if known else None)).right
            spans[known].append(time.perf_counter() - started)
    known_s, unknown_s = (sorted(spans[known])[3] for known in (True, False))
    assert 0.6 < unknown_s / known_s < 1.6


async def test_what_is_too_long_is_not_hashed() -> None:
    started = time.perf_counter()
    assert not (await Passwords(1).verify("x" * 5_000_000, b"$argon2id$")).right
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("phc", [b"", b"plain", b"$argon2id$v=19$m=64", b"$2b$12$abcdefghijklmnopqrstuv"])
async def test_a_hash_that_is_none_matches_nothing(phc: bytes) -> None:
    assert await cheap().verify("x", phc) == Verdict(right=False)


async def test_todays_parameters_are_owasps_minimum() -> None:
    passwords = Passwords(1)
    phc = await passwords.hash("tractor-violet-monsoon")
    assert phc.startswith(b"$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.verify("tractor-violet-monsoon", phc) == Verdict(right=True)
    older = await cheap().hash("tractor-violet-monsoon")
    assert await passwords.verify("tractor-violet-monsoon", older) == Verdict(right=True, outdated=True)


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
