"""An account of Redis that may do too little, and a Redis that takes nothing just now: each is told as what it is."""

from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import anyio
import anyio.to_thread
import pytest
import redis

from bus import BusUnavailable, NotPermitted, PublishFailed, PublishForbidden, StreamName
from bus.position import START
from bus.redis import RedisSettings, RedisStreamStore, connect
from bus.store import Append

pytestmark = pytest.mark.anyio

STREAM = StreamName("{a:0}:events")
NEEDED = "~nexus:* +eval +evalsha +xadd +xread +xinfo|stream +xlen +xtrim +pexpire +info +config|get +role +cluster|slots"


class Account:
    """A user of Redis whose permissions a test changes."""

    def __init__(self, url: str) -> None:
        self._admin = redis.Redis.from_url(url)
        parts = urlsplit(url)
        self.url = urlunsplit(parts._replace(netloc=f"narrow:pass@{parts.hostname}:{parts.port}"))
        self.may("reset", "on", ">pass", *NEEDED.split())

    def may(self, *rules: str) -> None:
        self._admin.execute_command("ACL", "SETUSER", "narrow", *rules)  # type: ignore[no-untyped-call]

    def config(self, name: str, value: str) -> None:
        self._admin.config_set(name, value)

    def run(self, *command: str) -> None:
        self._admin.execute_command(*command)  # type: ignore[no-untyped-call]

    def remove(self) -> None:
        self._admin.execute_command("ACL", "DELUSER", "narrow")  # type: ignore[no-untyped-call]
        self._admin.close()


@pytest.fixture
def account(redis_url: str) -> Iterator[Account]:
    account = Account(redis_url)
    yield account
    account.remove()


async def use(store: RedisStreamStore) -> None:
    """Everything that the platform does with streams."""
    history = await store.history()
    assert await store.append([Append(STREAM, [b"1"], history=history)]) == [None]
    assert await store.append([Append(STREAM, [b"1"], limit=10, expires_s=60)]) == [None]
    assert len(await store.read({STREAM: START}, 10, 0.1)) == 2
    assert await store.lengths([STREAM]) == {STREAM: 2}
    last = await store.last([STREAM])
    assert await store.trim(last) == 1


async def test_the_documented_permissions_are_enough(account: Account) -> None:
    async with connect(RedisSettings(url=account.url)) as store:
        await use(store)
        assert await store.audit([STREAM]) == (await store.audit([]))
        assert (await store.audit([STREAM])).forbidden == ()


@pytest.mark.parametrize("command", ["info", "eval", "evalsha", "xread", "xinfo|stream", "xlen", "xtrim", "xadd", "pexpire"])
async def test_each_command_that_is_forbidden_is_named(account: Account, command: str) -> None:
    account.may(f"-{command}")
    async with connect(RedisSettings(url=account.url)) as store:
        if command == "info":
            with pytest.raises(NotPermitted) as refused:
                await store.audit([STREAM])
            assert refused.value.what == "the command INFO"
            return
        found = await store.audit([STREAM])
        assert command.upper() in " ".join(found.forbidden).upper()


async def test_all_that_is_forbidden_is_named_at_once(account: Account) -> None:
    account.may("-xread", "-xtrim", "resetkeys", "~nexus:{replies*")
    async with connect(RedisSettings(url=account.url)) as store:
        found = await store.audit([STREAM])
        assert len(found.forbidden) == 3
        assert [word for word in ("XREAD", "XTRIM", "one of its keys") if word not in " ".join(found.forbidden)] == []


async def test_a_permission_that_goes_while_it_is_used_is_told_as_that(account: Account) -> None:
    async with connect(RedisSettings(url=account.url)) as store:
        history = await store.history()
        account.may("-info", "-xadd", "-xread", "-xlen")
        with pytest.raises(NotPermitted, match=r"docs/servers\.md"):
            await store.history()
        with pytest.raises(NotPermitted):
            await store.read({STREAM: START}, 1, 0)
        with pytest.raises(NotPermitted):
            await store.lengths([STREAM])
        # Which history a new connection is in, nobody says any more.
        for append in (Append(STREAM, [b"1"], history=history), Append(STREAM, [b"1"])):
            [outcome] = await store.append([append])
            assert isinstance(outcome, PublishForbidden)


async def test_without_config_it_is_said_what_cannot_be_told(account: Account) -> None:
    account.may("-config|get")
    async with connect(RedisSettings(url=account.url)) as store:
        found = await store.audit([])
        assert found.forbidden == ()
        assert [danger.text.split(".")[0] for danger in found.dangers] == [
            "It does not tell how often it writes to the disk (appendfsync)"
        ]


@pytest.mark.parametrize(
    ("name", "value", "loses"),
    [
        ("maxmemory-policy", "allkeys-lru", True),
        ("maxmemory-policy", "volatile-lru", False),
        ("appendonly", "no", True),
        ("appendfsync", "no", True),
    ],
)
async def test_policies_that_lose_something_are_found(account: Account, name: str, value: str, *, loses: bool) -> None:
    usual = {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec"}
    async with connect(RedisSettings(url=account.url)) as store:
        assert (await store.audit([])).dangers == ()
        account.config(name, value)
        try:
            [danger] = (await store.audit([])).dangers
        finally:
            account.config(name, usual[name])
        assert danger.text.startswith(f"{name} {value}: ")
        assert danger.loses_messages is loses


async def test_a_redis_without_memory_refuses_and_can_still_be_read(account: Account) -> None:
    async with connect(RedisSettings(url=account.url)) as store:
        assert await store.append([Append(STREAM, [b"1"])]) == [None]
        account.config("maxmemory", "1")
        try:
            [outcome] = await store.append([Append(STREAM, [b"2"])])
            assert type(outcome) is PublishFailed
            assert len(await store.read({STREAM: START}, 10, 0)) == 1
        finally:
            account.config("maxmemory", "0")
        assert await store.append([Append(STREAM, [b"2"])]) == [None]


async def test_a_redis_that_is_a_replica_refuses_and_can_still_be_read(account: Account) -> None:
    async with connect(RedisSettings(url=account.url)) as store:
        assert await store.append([Append(STREAM, [b"1"])]) == [None]
        account.run("REPLICAOF", "127.0.0.1", "1")
        try:
            [outcome] = await store.append([Append(STREAM, [b"2"])])
            assert type(outcome) is PublishFailed
        finally:
            account.run("REPLICAOF", "NO", "ONE")
        assert await store.append([Append(STREAM, [b"2"])]) == [None]


async def test_a_redis_that_is_busy_with_a_script_is_waited_for(account: Account) -> None:
    """BUSY is an answer to everybody: nothing is appended, and reading is unavailable."""
    account.config("busy-reply-threshold", "1")
    async with connect(RedisSettings(url=account.url)) as store, connect(RedisSettings(url=account.url)) as other:
        await store.history()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_spin, account)
            with anyio.fail_after(10):
                while True:
                    try:
                        await other.lengths([STREAM])
                    except BusUnavailable:
                        break
            [outcome] = await store.append([Append(STREAM, [b"2"])])
            assert type(outcome) is PublishFailed
            account.run("SCRIPT", "KILL")
        account.config("busy-reply-threshold", "5000")
        assert await store.append([Append(STREAM, [b"2"])]) == [None]


async def _spin(account: Account) -> None:
    def spin() -> None:
        with pytest.raises(redis.ResponseError, match="killed"):
            account.run("EVAL", "while true do end", "0")

    await anyio.to_thread.run_sync(spin)
