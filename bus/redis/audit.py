"""What a Redis must allow and keep: tried when a worker starts, and in `nexus verify`."""

from collections.abc import Sequence
from secrets import token_hex
from typing import Final, cast

from msgspec import Struct

from bus.redis.link import Command, Link, Word
from bus.redis.policies import Danger, dangers
from bus.redis.refused import is_forbidden, what_is_forbidden

_INFO: Final[tuple[Word, ...]] = ("INFO", "memory", "persistence", "replication")
_CONFIG: Final[tuple[Word, ...]] = ("CONFIG", "GET", "appendfsync", "min-replicas-to-write")
_EXPIRES_MS: Final = 1_000


class Audit(Struct, frozen=True):
    """What was found.

    Attributes:
        forbidden: what the account may not do and has to, each in the server's own words.
        dangers: settings of the servers under which something may be lost.
    """

    forbidden: tuple[str, ...]
    dangers: tuple[Danger, ...]


async def audit(link: Link, prefix: str, keys: Sequence[str], script: bytes) -> Audit:
    """Try every command that is needed, on a key that vanishes within a second, and look at the policies.

    Args:
        prefix: stands before every key.
        keys: some that will be used: whether they may be read shows whether the patterns of the account's keys are wide enough.
        script: the one that appends.

    Raises:
        BusUnavailable: no server answers.
    """
    await link.history()
    key = f"{prefix}{{replies:check-{token_hex(8)}}}:replies"
    commands = [Command(key, words) for words in _trials(key, script)] + [Command(known, ("XLEN", known)) for known in keys]
    replies = await link.ask(commands)
    forbidden = [_said(reply) for reply in replies if is_forbidden(reply)]
    found: list[Danger] = []
    for server in await link.each([_INFO, _CONFIG]):
        info, config = server
        if is_forbidden(info):
            forbidden.append(_said(info))
        found += dangers(_fields(info), _settings(config))
    return Audit(tuple(dict.fromkeys(forbidden)), tuple(dict.fromkeys(found)))


def _trials(key: str, script: bytes) -> list[tuple[Word, ...]]:
    # The first two append, as publishing does (XADD with and without MAXLEN, XLEN, PEXPIRE), and leave the key to expire.
    return [
        ("EVAL", script, 1, key, 1, 0, "", b""),
        ("EVAL", script, 1, key, 10, _EXPIRES_MS, "", b""),
        ("EVALSHA", "0" * 40, 1, key),
        ("PEXPIRE", key, _EXPIRES_MS),
        ("XREAD", "COUNT", 1, "STREAMS", key, "0-0"),
        ("XINFO", "STREAM", key),
        ("XLEN", key),
        ("XTRIM", key, "MINID", "0-1"),
    ]


def _said(reply: object) -> str:
    return f"{what_is_forbidden(reply)} ({reply})"


def _fields(info: object) -> dict[str, str]:
    if not isinstance(info, bytes):
        return {}
    return dict(line.split(":", 1) for line in info.decode().splitlines() if ":" in line)


def _settings(config: object) -> dict[str, str]:
    if not isinstance(config, list):
        return {}
    words = [word.decode() for word in cast("list[bytes]", config)]
    return dict(zip(words[::2], words[1::2], strict=True))
