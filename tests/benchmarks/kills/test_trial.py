"""What became of messages whose workers were killed is counted by the checker of the faults."""

import random
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.benchmarks.kills.contender import open_nexus_cos, open_peer
from tests.benchmarks.kills.trial import KEYS, Outcome, Pace, Trial, judge, numbered
from tests.benchmarks.peers.remote import NAMES, interpreter
from tests.faults.evidence import Handled

MESSAGES = [("a", 1), ("a", 2), ("a", 3), ("b", 1)]
PACE = Pace(messages=300, settle_s=12)


def effects(*done: tuple[str, int]) -> list[Handled]:
    return [Handled("", key, number) for key, number in done]


@pytest.mark.parametrize(
    ("done", "never", "twice", "disordered"),
    [
        ([("a", 1), ("b", 1), ("a", 2), ("a", 3)], 0, 0, 0),
        ([("a", 1), ("b", 1), ("a", 3)], 1, 0, 0),
        ([], 4, 0, 0),
        ([("a", 1), ("a", 1), ("a", 1), ("a", 2), ("a", 3), ("b", 1)], 0, 1, 0),
        ([("a", 2), ("a", 1), ("a", 3), ("b", 1)], 0, 0, 1),
        ([("a", 1), ("a", 2), ("a", 3), ("a", 1), ("b", 1)], 0, 1, 1),  # a repeat behind later ones
        ([("aside", 1), ("a", 1), ("a", 2), ("aside", 2), ("a", 3), ("b", 1), ("aside", 1)], 0, 0, 0),
    ],
)
def test_each_message_is_judged(done: Sequence[tuple[str, int]], never: int, twice: int, disordered: int) -> None:
    verdict = judge(MESSAGES, effects(*done))
    assert (verdict.lost, verdict.doubled, verdict.disordered) == (never, twice, disordered)
    assert verdict.disagreeing == 0


def test_each_key_is_numbered_on_its_own() -> None:
    messages = numbered(2 * KEYS + 1)
    assert len(set(messages)) == 2 * KEYS + 1
    assert [number for key, number in messages if key == "key-0"] == [1, 2, 3]
    assert [number for key, number in messages if key == "key-1"] == [1, 2]


@pytest.mark.anyio
@pytest.mark.faults
@pytest.mark.timeout(180)
async def test_ours_loses_nothing(database_url: str, redis_url: str, tmp_path: Path) -> None:
    async with open_nexus_cos(database_url, redis_url) as contender:
        outcome = await Trial(contender, random.Random(1), tmp_path, PACE).run()  # noqa: S311 - guards nothing
    assert outcome == Outcome(
        name="Nexus COS",
        settings=contender.settings,
        messages=300,
        kills=outcome.kills,
        never=0,
        twice=0,
        disordered=0,
    )
    assert outcome.kills > 0


@pytest.mark.anyio
@pytest.mark.faults
@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", NAMES)
async def test_peers_take_part(name: str, database_url: str, redis_url: str, tmp_path: Path) -> None:
    there = interpreter(name).exists() if name == "arq" else find_spec(name) is not None
    if not there:
        pytest.skip(f"{name} is installed for `nexus bench` alone")
    async with open_peer(name, database_url, redis_url) as contender:
        outcome = await Trial(contender, random.Random(1), tmp_path, PACE).run()  # noqa: S311 - guards nothing
    assert outcome.messages == 300
    assert outcome.kills > 0
    assert outcome.never < outcome.messages
