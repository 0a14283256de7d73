"""Faults of the network between workers and Redis. Each ends with the mark from which recovery counts."""

from typing import Final

import anyio

from tests.faults.recovery import Mark
from tests.faults.stage import Stage

AWAY_S: Final = 3.0
_REPLIES: Final = 6
_SLOW_S: Final = 0.1
_ON_ITS_WAY_S: Final = 0.2


async def drop_replies(stage: Stage) -> Mark:
    """Some replies are lost, each with its connection: what they confirmed was done."""
    return await _injure(stage, "drop", "redis replies dropped")


async def half_close(stage: Stage) -> Mark:
    """Some connections end on the way back, and stay open on the way there."""
    return await _injure(stage, "half_close", "redis half-closed")


async def _injure(stage: Stage, lesion: str, name: str) -> Mark:
    for _ in range(_REPLIES):
        injured = stage.redis.injured
        stage.redis.lesions.append("drop" if lesion == "drop" else "half_close")
        await stage.until(lambda injured=injured: stage.redis.injured > injured)  # type: ignore[misc]
        await anyio.sleep(stage.chance.uniform(0, 0.2))
    return stage.mark(name)


async def delay_replies(stage: Stage) -> Mark:
    """Every reply comes late."""
    stage.redis.delay_s = _SLOW_S
    await anyio.sleep(2)
    stage.redis.delay_s = 0
    return stage.mark("redis replies delayed")


async def partition(stage: Stage) -> Mark:
    """Nothing passes between workers and Redis, and no connection ends; then all of it arrives."""
    stage.redis.hold()
    await anyio.sleep(AWAY_S)
    stage.redis.release()
    return stage.mark("partition")


async def cut_cable(stage: Stage) -> Mark:
    """Packets between workers and Redis vanish, and nobody is told; PostgreSQL is reached. Workers need a namespace for it."""
    assert stage.namespace is not None
    stage.namespace.redis.cut()
    await anyio.sleep(_ON_ITS_WAY_S)
    heard = stage.redis.requests
    await anyio.sleep(AWAY_S)
    assert stage.redis.requests == heard, "The cable is cut, and something came through."
    stage.namespace.redis.mend()
    return stage.mark("cable cut")


async def cut_off(stage: Stage) -> Mark:
    """Redis takes no connections from the workers."""
    await stage.redis.refuse()
    await anyio.sleep(AWAY_S)
    stage.redis.refusing = False
    return stage.mark("redis unreachable")
