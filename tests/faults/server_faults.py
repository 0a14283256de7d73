"""Faults of the servers. Each ends with the mark from which recovery counts."""

import contextlib
from typing import Final

import anyio
import asyncpg

from tests.faults.postgres_proxy import Moment
from tests.faults.recovery import Mark
from tests.faults.stage import Stage

_FULL_S: Final = 2.0
_AWAY_S: Final = 1.0
_NOTICED_S: Final = 30.0
_LOOK_S: Final = 0.1


async def kill_redis(stage: Stage) -> Mark:
    """Kill -9 of Redis, which comes back without the last second of what it confirmed."""
    with stage.slow_archive():
        await stage.servers.kill_redis(lose_tail=True)
        await stage.servers.redis.start()
    return stage.mark("redis killed, tail lost")


async def fill_redis(stage: Stage) -> Mark:
    """Redis has no memory left for two seconds."""
    await stage.servers.ask_redis("CONFIG", "SET", "maxmemory", "1")
    await anyio.sleep(_FULL_S)
    await stage.servers.ask_redis("CONFIG", "SET", "maxmemory", "0")
    return stage.mark("redis full")


async def flush_redis(stage: Stage) -> Mark:
    """FLUSHALL."""
    with stage.slow_archive():
        await anyio.sleep(_AWAY_S)
        await stage.servers.ask_redis("FLUSHALL")
    return stage.mark("redis flushed")


async def restart_postgres(stage: Stage) -> Mark:
    """PostgreSQL is restarted in good order."""
    await stage.servers.postgres.stop()
    await stage.servers.postgres.start()
    return stage.mark("postgres restarted")


async def kill_postgres(stage: Stage) -> Mark:
    """Kill -9 of PostgreSQL."""
    await stage.servers.kill_postgres()
    await stage.servers.postgres.start()
    return stage.mark("postgres killed")


async def fill_disk(stage: Stage) -> Mark:
    """The disk of PostgreSQL's tables is full until it has been noticed, and for two seconds more."""
    assert stage.servers.tables is not None
    heard = stage.servers.heard()
    with stage.servers.tables.full():
        await stage.until(lambda: heard("No space left on device"), _NOTICED_S)
        await anyio.sleep(_FULL_S)
    return stage.mark("disk full")


async def fill_log_disk(stage: Stage) -> Mark:
    """The disk of PostgreSQL's write-ahead log is full: it panics, and cannot start again before there is room."""
    assert stage.servers.log is not None
    heard = stage.servers.heard()
    with stage.servers.log.full():
        while not heard("PANIC"):
            # What it has in advance lasts for a while.
            with contextlib.suppress(asyncpg.PostgresError, OSError):
                await stage.servers.switch_log()
        await anyio.sleep(_AWAY_S)
    await stage.servers.revive()
    return stage.mark("log disk full")


async def fill_redis_disk(stage: Stage) -> Mark:
    """The disk of Redis' append-only file is full: it refuses everything that would be written."""
    assert stage.servers.stream_log is not None
    with stage.servers.stream_log.full():
        with anyio.fail_after(_NOTICED_S):
            while (await stage.servers.ask_redis("INFO", "persistence"))["aof_last_write_status"] == "ok":  # noqa: ASYNC110
                await anyio.sleep(_LOOK_S)
        await anyio.sleep(_FULL_S)
    return stage.mark("redis disk full")


async def make_read_only(stage: Stage) -> Mark:
    """PostgreSQL takes no changes, for longer than a lease lasts."""
    heard = stage.servers.heard()
    async with stage.servers.read_only():
        await stage.until(lambda: heard("read-only transaction"), _NOTICED_S)
        await anyio.sleep(_FULL_S)
    return stage.mark("database read-only")


async def break_commit(stage: Stage, moment: Moment) -> Mark:
    """The connection breaks in the middle of a commit, whose outcome the worker cannot know."""
    broken = stage.postgres.broken
    stage.postgres.moment = moment
    await stage.until(lambda: stage.postgres.broken > broken)
    return stage.mark(f"commit broken {moment}")


async def break_commit_before(stage: Stage) -> Mark:
    """The server never gets it."""
    return await break_commit(stage, "before")


async def break_commit_after(stage: Stage) -> Mark:
    """The server gets it, and its answer is lost."""
    return await break_commit(stage, "after")


async def break_commit_late(stage: Stage) -> Mark:
    """The server gets it two seconds later."""
    mark = await break_commit(stage, "late")
    await anyio.sleep(stage.postgres.late_s)
    return mark


async def cut_power(stage: Stage) -> Mark:
    """Everything dies at once: all workers, PostgreSQL, and Redis with its last second."""
    count = len(stage.workers)
    with stage.slow_archive():
        await _cut(stage)
    await stage.servers.redis.start()
    await stage.servers.postgres.start()
    mark = stage.mark("power cut")
    await stage.add_workers(count)
    return mark


async def _cut(stage: Stage) -> None:
    async with anyio.create_task_group() as dying:
        dying.start_soon(_cut_redis, stage)
        dying.start_soon(_cut_others, stage)


async def _cut_redis(stage: Stage) -> None:
    await stage.servers.kill_redis(lose_tail=True)


async def _cut_others(stage: Stage) -> None:
    await anyio.sleep(_AWAY_S)
    for worker in stage.workers:
        await worker.kill()
    stage.workers.clear()
    await stage.servers.kill_postgres()
