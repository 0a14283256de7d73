import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import asyncpg
import psutil
import pytest

from nexus_actors.embedded import EmbeddedPostgres, EmbeddedServerError, binaries, server
from nexus_actors.embedded.folder import processes_in
from nexus_actors.embedded.ports import LOOPBACK, free_port, is_free
from tests.absence import leave_out

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio

PARENT = """
import sys
from pathlib import Path
import anyio
from nexus_actors.embedded import EmbeddedPostgres

async def main():
    async with EmbeddedPostgres(Path(sys.argv[1])) as server:
        print(server.pid, server.url, flush=True)
        await anyio.sleep_forever()

anyio.run(main)
"""


@asynccontextmanager
async def connected(url: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def note(url: str, text: str) -> None:
    async with connected(url) as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS notes (text text)")
        await connection.execute("INSERT INTO notes VALUES ($1)", text)


async def notes(url: str) -> list[str]:
    async with connected(url) as connection:
        return [row["text"] for row in await connection.fetch("SELECT text FROM notes ORDER BY text")]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one whose new parent has not looked at its end yet does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def kill_hard(postgres: EmbeddedPostgres) -> None:
    """End the server as a power cut would, with all its processes."""
    for process in processes_in(postgres.work_folder, "postgres"):
        process.kill()
    await postgres.wait()


async def test_it_serves_a_database_of_that_name_with_its_guarantees_on(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path) as postgres, connected(postgres.url) as connection:
        assert await connection.fetchval("SELECT current_database()") == "nexus"
        settings = {row["name"]: row["setting"] for row in await connection.fetch("SELECT name, setting FROM pg_settings")}
        assert settings["fsync"] == settings["synchronous_commit"] == settings["full_page_writes"] == "on"
        assert settings["max_connections"] == "200"
        assert settings["listen_addresses"] == LOOPBACK
        assert settings["unix_socket_directories"] == ""
        assert settings["TimeZone"] == "UTC"
        assert await connection.fetchval("SELECT upper('žluťoučký')") == "ŽLUŤOUČKÝ"


async def test_nobody_gets_in_without_the_password(postgres_server: EmbeddedPostgres) -> None:
    for url in (
        postgres_server.url.replace(postgres_server.password, "wrong"),
        postgres_server.url.replace(f":{postgres_server.password}", ""),
    ):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(url)


async def test_the_password_is_on_no_command_line(postgres_server: EmbeddedPostgres) -> None:
    lines = [" ".join(process.cmdline()) for process in psutil.Process().children(recursive=True)]
    assert any("postgres" in line for line in lines)
    assert not any(postgres_server.password in line for line in lines)


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path) as postgres:
        await note(postgres.url, "kept")
        first = postgres.pid
    assert first is not None
    assert not is_alive(first)
    start_s = time.monotonic()
    async with EmbeddedPostgres(tmp_path) as postgres:
        assert time.monotonic() - start_s < 2
        assert await notes(postgres.url) == ["kept"]


async def test_it_recovers_after_a_crash(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path)
    await postgres.start()
    await note(postgres.url, "kept")
    await kill_hard(postgres)
    assert postgres.pid is None
    await postgres.stop()
    async with EmbeddedPostgres(tmp_path) as postgres:
        assert await notes(postgres.url) == ["kept"]


async def test_it_ends_with_a_parent_that_is_killed_and_starts_again_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid, url = parent.stdout.readline().split()
        await note(url, "kept")
        parent.kill()
    async with EmbeddedPostgres(tmp_path) as postgres:
        assert not is_alive(int(pid))
        assert await notes(postgres.url) == ["kept"]
    # Told by the kernel, the orphan shut down cleanly: there was nothing to recover.
    assert "automatic recovery" not in (tmp_path / "server.log").read_text()


async def test_a_lock_whose_process_id_belongs_to_another_program_by_now_does_not_hold_it_up(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path)
    await postgres.start()
    await kill_hard(postgres)
    await postgres.stop()
    lock = postgres.work_folder / "postmaster.pid"
    lines = lock.read_text().splitlines()
    unrelated = subprocess.Popen(["sleep", "60"])
    try:
        lock.write_text("\n".join([str(unrelated.pid), *lines[1:]]) + "\n")
        async with EmbeddedPostgres(tmp_path):
            assert unrelated.poll() is None
    finally:
        unrelated.kill()
        unrelated.wait()


async def test_two_do_not_share_a_folder(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path) as postgres:
        with pytest.raises(EmbeddedServerError, match=f"in use by process {os.getpid()}"):
            await EmbeddedPostgres(tmp_path).start()
        with pytest.raises(EmbeddedServerError, match="started already"):
            await postgres.start()
        await note(postgres.url, "undisturbed")


async def test_a_port_that_was_asked_for_is_used_or_refused(tmp_path: Path) -> None:
    port = free_port()
    async with EmbeddedPostgres(tmp_path / "a", port) as postgres:
        assert postgres.port == port
        with pytest.raises(EmbeddedServerError, match=f"port {port} of {LOOPBACK}: it is taken"):
            await EmbeddedPostgres(tmp_path / "b", port).start()
        await note(postgres.url, "undisturbed")


async def test_another_port_is_taken_where_one_is_lost_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((LOOPBACK, 0)) as rival:
        taken = rival.getsockname()[1]
        answers = [True]  # as if it were taken only after it was looked at
        ports = [taken]
        monkeypatch.setattr(server, "is_free", lambda port: answers.pop() if answers else is_free(port))
        monkeypatch.setattr(server, "free_port", lambda: ports.pop() if ports else free_port())
        async with EmbeddedPostgres(tmp_path) as postgres:
            assert postgres.port != taken
            await note(postgres.url, "served")
    assert f"port {taken}" not in postgres.url
    assert "Address already in use" in (tmp_path / "server.log").read_text()


async def test_a_server_that_does_not_start_shows_its_last_words(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path, settings={"shared_buffers": "a lot"})
    with pytest.raises(EmbeddedServerError, match=r"exit code 1(.|\n)*server\.log(.|\n)*shared_buffers"):
        await postgres.start()
    async with EmbeddedPostgres(tmp_path):  # and leaves the folder free
        pass


async def test_a_first_start_that_was_cut_off_is_begun_anew(tmp_path: Path) -> None:
    with anyio.move_on_after(0.05) as scope:
        await EmbeddedPostgres(tmp_path).start()
    assert scope.cancelled_caught
    assert processes_in(tmp_path / "cluster.unfinished", "postgres") == []
    (tmp_path / "cluster.unfinished").mkdir(exist_ok=True)
    (tmp_path / "cluster.unfinished" / "PG_VERSION").write_text("half")
    async with EmbeddedPostgres(tmp_path) as postgres:
        await note(postgres.url, "whole")


async def test_cancelling_waits_for_a_clean_stop(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path)
    with anyio.CancelScope() as scope:
        async with postgres:
            scope.cancel()
            await anyio.sleep_forever()
    assert processes_in(postgres.work_folder, "postgres") == []
    assert "database system is shut down" in (tmp_path / "server.log").read_text()


async def test_its_end_is_noticed(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path) as postgres:
        assert postgres.pid is not None
        os.kill(postgres.pid, signal.SIGKILL)
        with anyio.fail_after(5):
            assert await postgres.wait() == -signal.SIGKILL
        assert postgres.pid is None


async def test_an_idle_connection_does_not_hold_up_its_stop(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path)
    await postgres.start()
    connection = await asyncpg.connect(postgres.url)
    with anyio.fail_after(5):
        await postgres.stop()
    connection.terminate()


async def test_root_runs_it_under_another_account_in_folders_that_only_root_may_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        leave_out("Only root can make a folder that the server's account cannot enter.")
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    copy = binaries.shared_copy(binaries.package_folder(binaries.POSTGRES_PACKAGE), hidden)
    assert copy is not None
    with tempfile.TemporaryDirectory() as shared:
        Path(shared).chmod(0o755)
        monkeypatch.setattr(binaries, "package_folder", lambda _: copy / binaries.POSTGRES_PACKAGE)
        monkeypatch.setattr(binaries, "_SHARED_PLACES", (shared,))
        async with EmbeddedPostgres(hidden / "data") as postgres:
            process = psutil.Process(postgres.pid)
            assert all(uid != 0 for uid in process.uids())
            assert Path(process.cwd()) == hidden / "data" / "cluster"
            assert Path(process.exe()).is_relative_to(shared)
            await note(postgres.url, "kept")
        async with EmbeddedPostgres(hidden / "data") as postgres:
            assert await notes(postgres.url) == ["kept"]
