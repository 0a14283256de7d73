"""Whether a Redis keeps what it is given: its policies, and what is lost under others."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

_EVICTS_ANSWERS: Final = "volatile-"
_KEEPS: Final = "noeviction"


class Danger(Struct, frozen=True):
    """A setting under which a Redis may lose something.

    Attributes:
        text: the setting, what is lost, and what to set.
        loses_messages: whether that is messages which the platform counts on; else it is less, or it cannot be told.
    """

    text: str
    loses_messages: bool


def dangers(info: Mapping[str, str], config: Mapping[str, str]) -> list[Danger]:
    """What is dangerous about a server.

    Args:
        info: what INFO says (sections memory, persistence and replication).
        config: what CONFIG GET says; empty where that is not permitted, as with most that are managed by others.
    """
    return [*_of_memory(info), *_of_disk(info, config), *_of_replicas(info, config)]


def _of_memory(info: Mapping[str, str]) -> list[Danger]:
    policy = info.get("maxmemory_policy")
    if policy is None:
        return [_unknown("what it does when memory is short (maxmemory-policy)", "noeviction")]
    if policy == _KEEPS:
        return []
    if policy.startswith(_EVICTS_ANSWERS):
        text = (
            f"maxmemory-policy {policy}: answers that nobody has read yet vanish when memory is short, and askers wait in vain."
        )
        return [Danger(f"{text} Set noeviction.", loses_messages=False)]
    text = (
        f"maxmemory-policy {policy}: whole streams vanish when memory is short, with commands and events that nobody has read."
    )
    return [Danger(f"{text} Set noeviction; then it refuses what is new, and publishers wait.", loses_messages=True)]


def _of_disk(info: Mapping[str, str], config: Mapping[str, str]) -> list[Danger]:
    enabled, fsync = info.get("aof_enabled"), config.get("appendfsync")
    if enabled is None:
        return [_unknown("whether it writes to the disk (appendonly)", "appendonly yes and appendfsync everysec")]
    if enabled == "0":
        text = (
            "appendonly no: a crash or restart loses all that came since its last snapshot, with events that nobody has read."
        )
        return [Danger(f"{text} Set appendonly yes and appendfsync everysec.", loses_messages=True)]
    if fsync is None:
        return [_unknown("how often it writes to the disk (appendfsync)", "everysec or always")]
    if fsync == "no":
        text = "appendfsync no: a crash of its machine loses about half a minute; no more than five seconds are made good."
        return [Danger(f"{text} Set everysec or always.", loses_messages=True)]
    return []


def _of_replicas(info: Mapping[str, str], config: Mapping[str, str]) -> list[Danger]:
    if info.get("connected_slaves", "0") == "0" or config.get("min-replicas-to-write", "1") != "0":
        return []
    text = (
        "min-replicas-to-write 0: a master that is cut off from its replicas goes on taking messages, which a fail-over loses."
    )
    return [Danger(f"{text} Set min-replicas-to-write 1 and min-replicas-max-lag 5.", loses_messages=False)]


def _unknown(what: str, wanted: str) -> Danger:
    return Danger(f"It does not tell {what}. Make sure that it is {wanted}.", loses_messages=False)
