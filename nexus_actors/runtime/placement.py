"""Which worker owns which partition: rendezvous hashing with an even share."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

from nexus_actors.errors import ConfigError
from nexus_actors.service import Service


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


def wanted_partitions(service: Service) -> dict[str, int]:
    """The number of partitions, by service, of the topics that a service owns or is subscribed to."""
    return {topic.service: topic.partitions for topic in (*service.subscriptions(), service.topic)}


def check_partitions(service: str, wanted: Mapping[str, int], registered: Mapping[str, int]) -> None:
    """Make sure that no topic has changed its number.

    Keys, streams, checkpoints and timers are where the number has put them. With another number, messages of a key would go
    elsewhere than its timers are, and two workers would act for it.

    Args:
        service: whose worker starts.
        wanted: the numbers of its release, by service.
        registered: those of the database; services that no worker has served yet are left out.

    Raises:
        ConfigError: a number is not the one that was registered first.
    """
    problems = [
        f"The topic of {name} has {wanted[name]} partitions in this release of {service}, and {registered[name]} in the "
        "database (nexus.leases), where it was first served with that number. It cannot be changed: keys, timers and what "
        f"waits in streams are where the number has put them. Put partitions={registered[name]} back into its contract."
        for name in sorted(wanted)
        if name in registered and wanted[name] != registered[name]
    ]
    if problems:
        raise ConfigError(*problems)
