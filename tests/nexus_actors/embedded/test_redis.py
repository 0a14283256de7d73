import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import redis

from nexus_actors.embedded import EmbeddedRedis, EmbeddedServerError
from nexus_actors.embedded.folder import processes_in
from nexus_actors.embedded.ports import LOOPBACK, free_port

pytestmark = pytest.mark.anyio

PARENT = """
import sys
from pathlib import Path
import anyio
from nexus_actors.embedded import EmbeddedRedis

async def main():
    async with EmbeddedRedis(Path(sys.argv[1])) as server:
        print(server.url, flush=True)
        await anyio.sleep_forever()

anyio.run(main)
"""


def client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, decode_responses=True)


async def test_it_speaks_redis_7_and_keeps_what_it_is_given(tmp_path: Path) -> None:
    async with EmbeddedRedis(tmp_path) as server:
        with client(server.url) as connection:
            assert tuple(int(part) for part in connection.info()["redis_version"].split(".")) >= (7, 0)
            settings = connection.config_get("append*", "maxmemory-policy", "bind", "save")
            assert settings["appendonly"] == "yes"
            assert settings["appendfsync"] == "everysec"
            assert settings["maxmemory-policy"] == "noeviction"
            assert settings["bind"] == LOOPBACK
            assert settings["save"] == ""


async def test_nobody_gets_in_without_the_password(redis_server: EmbeddedRedis) -> None:
    with client(f"redis://{LOOPBACK}:{redis_server.port}") as connection, pytest.raises(redis.AuthenticationError):
        connection.ping()


async def test_the_password_is_on_no_command_line(redis_server: EmbeddedRedis) -> None:
    lines = [" ".join(process.cmdline()) for process in psutil.Process().children(recursive=True)]
    assert any("valkey-server" in line for line in lines)
    assert not any(redis_server.password in line for line in lines)


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    async with EmbeddedRedis(tmp_path) as server:
        with client(server.url) as connection:
            connection.xadd("stream", {"a": "1"}, id="5-1")
    start_s = time.monotonic()
    async with EmbeddedRedis(tmp_path) as server:
        assert time.monotonic() - start_s < 2
        with client(server.url) as connection:
            assert connection.xrange("stream") == [("5-1", {"a": "1"})]


async def test_a_crash_loses_nothing_that_was_on_disk(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path)
    await server.start()
    with client(server.url) as connection:
        connection.set("key", "value")
        connection.waitaof(1, 0, 3000)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert await server.wait() == -signal.SIGKILL
    await server.stop()
    async with EmbeddedRedis(tmp_path) as server:
        with client(server.url) as connection:
            assert connection.get("key") == "value"


async def test_it_ends_with_a_parent_that_is_killed_and_starts_again_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        with client(parent.stdout.readline().strip()) as connection:
            connection.set("key", "value")
            parent.kill()
    async with EmbeddedRedis(tmp_path) as server:
        assert [process.pid for process in processes_in(server.work_folder, "valkey-server")] == [server.pid]
        with client(server.url) as connection:
            assert connection.get("key") == "value"


async def test_two_do_not_share_a_folder(tmp_path: Path) -> None:
    async with EmbeddedRedis(tmp_path):
        with pytest.raises(EmbeddedServerError, match=f"in use by process {os.getpid()}"):
            await EmbeddedRedis(tmp_path).start()


async def test_a_port_that_was_asked_for_is_used_or_refused(tmp_path: Path) -> None:
    port = free_port()
    async with EmbeddedRedis(tmp_path / "a", port) as server:
        assert server.port == port
        with pytest.raises(EmbeddedServerError, match=f"port {port} of {LOOPBACK}: it is taken"):
            await EmbeddedRedis(tmp_path / "b", port).start()


async def test_a_file_that_it_cannot_read_stops_it_with_a_reason(tmp_path: Path) -> None:
    async with EmbeddedRedis(tmp_path) as server:
        manifest = next(server.work_folder.glob("appendonlydir/*.manifest"))
    manifest.write_text("not a manifest\n")
    with pytest.raises(EmbeddedServerError, match=r"server\.log(.|\n)*manifest"):
        await EmbeddedRedis(tmp_path).start()


async def test_waiting_for_what_was_not_started_is_refused(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path)
    assert server.pid is None
    with pytest.raises(EmbeddedServerError, match="was not started"):
        await server.wait()
    await server.stop()
