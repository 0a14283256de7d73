"""Jobs in the shared schema ``nexus``; see `nexus_actors.jobs.store`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from nexus_actors.jobs.store import Claim, Ending, Kept, Loss, Untold, report_id
from nexus_actors.postgres import job_sql as sql
from nexus_actors.postgres.database import PostgresDatabase

if TYPE_CHECKING:
    from asyncpg import Pool


class PostgresJobStore:
    """See `JobStore`."""

    def __init__(self, pool: "Pool[Any]") -> None:
        self._database = PostgresDatabase(pool)

    async def claim(
        self, worker_id: str, services: Sequence[str], kinds: Sequence[str], lease_s: float, *, cancelled_only: bool = False
    ) -> Claim | None:
        """See `JobStore.claim`."""
        row = await self._database.fetchrow(sql.CLAIM, worker_id, services, kinds, lease_s, cancelled_only)
        return None if row is None else Claim(*(row[column] for column in Claim._fields))

    async def renew(self, worker_id: str, kept: Sequence[Kept], lease_s: float) -> Mapping[UUID, bool]:
        """See `JobStore.renew`."""
        columns = [list(column) for column in zip(*kept, strict=True)] or [[], [], [], []]
        rows = await self._database.fetch(sql.RENEW, worker_id, *columns, lease_s)
        return {row["job_id"]: row["cancel_requested"] for row in rows}

    async def end(self, claim: Claim, ending: Ending, tell_again_s: float) -> bool:
        """See `JobStore.end`."""
        how = (ending.outcome, ending.error, ending.report, tell_again_s, ending.failures)
        return bool(await self._database.fetchval(sql.END, claim.job_id, claim.generation, *how))

    async def again(self, claim: Claim, wait_s: float, error: str) -> bool:
        """See `JobStore.again`."""
        return bool(await self._database.fetchval(sql.AGAIN, claim.job_id, claim.generation, wait_s, error))

    async def hand_back(self, claim: Claim, wait_s: float = 0.0) -> bool:
        """See `JobStore.hand_back`."""
        return bool(await self._database.fetchval(sql.HAND_BACK, claim.job_id, claim.generation, wait_s))

    async def recover(self, services: Sequence[str]) -> Sequence[Loss]:
        """See `JobStore.recover`."""
        rows = await self._database.fetch(sql.RECOVER, services)
        return [Loss(*(row[column] for column in Loss._fields)) for row in rows]

    async def untold(self, services: Sequence[str], limit: int, longest_s: float) -> Sequence[Untold]:
        """See `JobStore.untold`."""
        rows = await self._database.fetch(sql.UNTOLD, services, limit, longest_s)
        if not rows:
            return []
        reports = {row["job_id"]: report_id(row["job_id"]) for row in rows}
        letters = {row["message_id"] for row in await self._database.fetch(sql.LETTERS, list(reports.values()))}
        return [
            Untold(row["service"], row["job_id"], row["key"], row["report"], reports[row["job_id"]] in letters) for row in rows
        ]

    async def told(self, job_ids: Sequence[UUID]) -> None:
        """See `JobStore.told`."""
        await self._database.fetchval(sql.TOLD, job_ids)

    async def queued(self, services: Sequence[str]) -> Mapping[str, int]:
        """See `JobStore.queued`."""
        return {row["service"]: row["jobs"] for row in await self._database.fetch(sql.QUEUED, services)}

    async def forget(self, after_s: float) -> int:
        """See `JobStore.forget`."""
        return int(await self._database.fetchval(sql.FORGET, after_s))
