"""Which worker owns which partition: rendezvous hashing with an even share."""

from collections.abc import Sequence
from hashlib import blake2b


def _weight(worker: str, service: str, partition: int) -> int:
    return int.from_bytes(blake2b(f"{worker}/{service}/{partition}".encode(), digest_size=8).digest(), "big")


def place(service: str, partitions: int, workers: Sequence[str]) -> dict[int, str]:
    """The owner of each partition, for a set of live workers.

    Each partition goes to the worker that weighs most for it among those whose share is not full yet; shares differ by one
    at most. Every worker computes the same answer from the same set, and few partitions move when the set changes.
    Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (1998), with bounded loads.
    """
    if not workers:
        return {}
    share, extra = divmod(partitions, len(workers))
    pairs = [(_weight(w, service, p), p, w) for p in range(partitions) for w in workers]
    owned: dict[str, int] = dict.fromkeys(workers, 0)
    placed: dict[int, str] = {}
    for _, partition, worker in sorted(pairs, reverse=True):
        if partition in placed or owned[worker] > share or (owned[worker] == share and extra == 0):
            continue
        placed[partition] = worker
        owned[worker] += 1
        if owned[worker] == share + 1:
            extra -= 1
    return placed
