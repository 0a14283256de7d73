"""How many partitions the topics of a service have: in its contract, and in the database."""

from collections.abc import Mapping

from nexus_actors.errors import ConfigError
from nexus_actors.service import Service


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
