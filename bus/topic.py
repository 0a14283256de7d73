"""Topics, their partitions and the streams that carry them."""

from functools import cache
from typing import Literal, NamedTuple, NewType, cast, get_args
from zlib import crc32

from msgspec import Struct

from bus.errors import ContractError

Channel = Literal["commands", "events"]
StreamName = NewType("StreamName", str)

MAX_PARTITIONS = 1024


class Topic(Struct, frozen=True):
    """The messages of one service, spread over a fixed number of partitions.

    The number of partitions is a power of two and never changes: a key would move to another partition, and the order of
    its messages would be lost.

    Raises:
        ContractError: the number of partitions is not a power of two between 1 and 1024.
    """

    service: str
    partitions: int = 8

    def __post_init__(self) -> None:
        if not 1 <= self.partitions <= MAX_PARTITIONS or self.partitions & (self.partitions - 1):
            raise ContractError(
                f"Topic {self.service} has {self.partitions} partitions. Give a power of two between 1 and {MAX_PARTITIONS}."
            )

    def partition_of(self, key: str) -> int:
        """The partition that owns ``key``: its CRC-32 (ISO 3309) by the low bits.

        One function everywhere: two services whose topics have 8 and 16 partitions agree on the low three bits, so partition q
        of the larger topic belongs with partition q mod 8 of the smaller one.
        """
        return crc32(key.encode()) & (self.partitions - 1)

    def stream(self, channel: Channel, partition: int) -> StreamName:
        """The name of one partition's stream, without the deployment's prefix.

        The braces are a Redis Cluster hash tag: all keys of one partition live in one slot.
        """
        return _stream_name(self.service, partition, channel)

    def streams(self, channel: Channel) -> list[StreamName]:
        """The names of all its streams of one channel, by partition."""
        return [self.stream(channel, partition) for partition in range(self.partitions)]


@cache
def _stream_name(service: str, partition: int, channel: Channel) -> StreamName:
    return StreamName(f"{{{service}:{partition}}}:{channel}")


def downstream_of(stream: StreamName) -> StreamName:
    """The stream that grows when commands of ``stream`` are handled: the events of the same partition."""
    family, _, _ = stream.partition("}:")
    return StreamName(f"{family}}}:events")


class StreamParts(NamedTuple):
    """What the name of a topic's stream says: whose it is, which partition, and whether commands or events."""

    service: str
    partition: int
    channel: Channel


def stream_parts(stream: StreamName) -> StreamParts:
    """Take the name of a topic's stream apart; `Topic.stream` makes them.

    Raises:
        ValueError: it is none.
    """
    family, _, channel = stream.partition("}:")
    service, _, partition = family.removeprefix("{").rpartition(":")
    if channel not in get_args(Channel):
        raise ValueError(f"{stream} is no stream of a topic.")
    return StreamParts(service, int(partition), cast("Channel", channel))
