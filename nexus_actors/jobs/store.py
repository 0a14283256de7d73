"""The port of the job store: which jobs there are, who does them, and what is still to be told of them."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol
from uuid import UUID

from bus import derive_id

Outcome = Literal["done", "failed", "cancelled"]


class Claim(NamedTuple):
    """A job that a runner has taken.

    Attributes:
        body: its envelope.
        generation: under which it is taken; whatever is written of it holds only while this is the current one.
        failures: how often its work has failed.
        losses: how often its lease has expired, because its worker died or froze.
        cancel: it is to be cancelled, and has not been begun.
    """

    service: str
    job_id: UUID
    kind: str
    key: str
    tenant: str
    body: bytes
    generation: int
    failures: int
    losses: int
    cancel: bool


class Kept(NamedTuple):
    """A job whose lease is to be renewed, and how far it is."""

    job_id: UUID
    generation: int
    fraction: float
    note: str


class Ending(NamedTuple):
    """How a job has ended.

    Attributes:
        report: the envelope of the command that tells its actor; None where none could be made.
        failures: how often its work has failed by now, where that has grown.
    """

    outcome: Outcome
    error: str
    report: bytes | None
    failures: int = 0


class Loss(NamedTuple):
    """A job whose lease has expired; it is queued again."""

    service: str
    job_id: UUID
    kind: str
    owner: str
    losses: int


class Untold(NamedTuple):
    """An end of which it is not certain that its actor knows.

    Attributes:
        settled: the dead letters have it: it will not get lost any more.
    """

    service: str
    job_id: UUID
    key: str
    report: bytes
    settled: bool


def report_id(job_id: UUID) -> UUID:
    """The id of the command that tells a job's end, whoever makes it: the inbox lets one of them through."""
    return derive_id(job_id, "ended")


class JobStore(Protocol):
    """Jobs in the database. Time is the database's own, so that workers' clocks do not matter.

    Jobs begin and are cancelled with the commits of turns (`nexus_actors.runtime.store.Commit`). Locks are taken in the order
    of ids. Raises (every method): `DatabaseUnavailable`; whether it took effect is not known then, and it may be called again.
    """

    async def claim(
        self, worker_id: str, services: Sequence[str], kinds: Sequence[str], lease_s: float, *, cancelled_only: bool = False
    ) -> Claim | None:
        """Take the job that has waited longest and is due, under a new generation; that of the first service which has one.

        A job that is to be cancelled is always due.

        Args:
            services: in the order of preference.
            kinds: the wire types that the worker can do.
            cancelled_only: only one that is to be cancelled.
        """
        ...

    async def renew(self, worker_id: str, kept: Sequence[Kept], lease_s: float) -> Mapping[UUID, bool]:
        """Renew leases, and note how far the jobs are; those that are still held, each with whether it is to be cancelled."""
        ...

    async def end(self, claim: Claim, ending: Ending, tell_again_s: float) -> bool:
        """End a job; False where it is not held any more, and nothing was written.

        Args:
            tell_again_s: after so many seconds its end is among the `untold`.
        """
        ...

    async def again(self, claim: Claim, wait_s: float, error: str) -> bool:
        """The work has failed: queue it again, due in ``wait_s``; False where it is not held any more."""
        ...

    async def hand_back(self, claim: Claim, wait_s: float = 0.0) -> bool:
        """Queue it again for another worker, as if it had not been begun; False where it is not held any more.

        Args:
            wait_s: when it is due: at once, where the worker ends.
        """
        ...

    async def recover(self, services: Sequence[str]) -> Sequence[Loss]:
        """Queue again the jobs whose leases have expired."""
        ...

    async def untold(self, services: Sequence[str], limit: int, longest_s: float) -> Sequence[Untold]:
        """Ends that are due to be told (again). Others are given them only after a while, which doubles up to ``longest_s``."""
        ...

    async def told(self, job_ids: Sequence[UUID]) -> None:
        """The actors of these jobs know their ends."""
        ...

    async def queued(self, services: Sequence[str]) -> Mapping[str, int]:
        """How many jobs wait; services where none does are left out."""
        ...

    async def forget(self, after_s: float) -> int:
        """Delete jobs that ended so long ago, and whose ends are told; how many."""
        ...
