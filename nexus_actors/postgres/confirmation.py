"""A second opinion on the server: whether a trouble that a statement told of is met by a new session too."""

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

if TYPE_CHECKING:
    from asyncpg import Pool

_WITHIN_S: Final = 5.0
_WRITE: Final = """
BEGIN; CREATE UNLOGGED TABLE {name} AS SELECT repeat('x', 1000) AS text FROM generate_series(1, 4000); ROLLBACK"""


async def is_confirmed(pool: "Pool[Any]") -> bool:
    """Whether a new session cannot write either: a few megabytes, which are undone at once.

    Functions and foreign tables raise what they like, and a handler may have made its own session read-only. Where no session
    can be had, or nobody can tell, it is confirmed: what the server suffers is to cost no message an attempt.

    All sessions of the pool are given up for it, also that of the statement, once it goes back: who knows what it is set to.
    """
    await pool.expire_connections()
    try:
        async with pool.acquire(timeout=_WITHIN_S) as fresh:
            await fresh.execute(_WRITE.format(name=f"probe_{uuid4().hex}"), timeout=_WITHIN_S)
    except Exception:  # noqa: BLE001 - whatever keeps it from writing
        return True
    return False
