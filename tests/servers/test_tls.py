"""TLS to PostgreSQL and Redis: what is not trusted is refused with words, and nothing goes on in plain text instead."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import anyio
import pytest

from bus import BusUnavailable, StreamName
from bus.position import START
from bus.store import Append, StreamStore
from nexus_actors.embedded.ports import LOOPBACK
from nexus_actors.errors import ConfigError, DatabaseUnavailable
from nexus_actors.operations.streams import open_streams
from nexus_actors.postgres.pool import open_pool
from tests.bus.redis.test_fail_over import BACK_WITHIN_S, append_within
from tests.faults.process import Worker
from tests.faults.worker import READY, TRIM_EVERY
from tests.redis_servers.cluster import RedisCluster
from tests.redis_servers.process import PASSWORD, RedisProcess, Tls
from tests.redis_servers.sentinels import SentinelSet
from tests.servers.certificates import Authority, Pair
from tests.servers.debian import Debian
from tests.servers.postgres import DebianPostgres

pytestmark = pytest.mark.anyio

_STREAM: Final = StreamName("{a:0}:events")
_HOSTS: Final = ("localhost", LOOPBACK)


class Papers(NamedTuple):
    """What servers show, and what clients trust."""

    authority: Authority
    other: Authority
    right: Pair
    expired: Pair
    elsewhere: Pair
    foreign: Pair
    client: Pair


@pytest.fixture(scope="module")
def papers(debian_folder: Path) -> Papers:
    authority, other = Authority(debian_folder / "ours", "authority"), Authority(debian_folder / "theirs", "other")
    return Papers(
        authority,
        other,
        right=authority.sign("right", _HOSTS),
        expired=authority.sign("expired", _HOSTS, days=-1),
        elsewhere=authority.sign("elsewhere", ["elsewhere.example"]),
        foreign=other.sign("foreign", _HOSTS),
        client=authority.sign("nexus", []),
    )


class SecurePostgres:
    """A PostgreSQL that takes nobody in without TLS."""

    def __init__(self, server: DebianPostgres, papers: Papers) -> None:
        self.server = server
        self.papers = papers

    async def show(self, pair: Pair, *, clients_show: bool = False) -> None:
        """Show another certificate from now on."""
        folder = self.server.work_folder
        account = folder.stat().st_uid
        for source, name in (
            (pair.certificate, "server.crt"),
            (pair.key, "server.key"),
            (self.papers.authority.file, "ca.crt"),
        ):
            shutil.copy(source, folder / name)
            shutil.chown(folder / name, account, folder.stat().st_gid)
            (folder / name).chmod(0o600)
        option = " clientcert=verify-ca" if clients_show else ""
        (folder / "pg_hba.conf").write_text(f"hostssl all all {LOOPBACK}/32 scram-sha-256{option}\n")
        await self.server.stop()
        await self.server.start()

    def url(self, query: str) -> str:
        return f"{self.server.url}?{query}"


@pytest.fixture(scope="module")
def secure_server(debian: Debian, debian_folder: Path) -> Iterator[DebianPostgres]:
    settings = {"ssl_cert_file": "server.crt", "ssl_key_file": "server.key", "ssl_ca_file": "ca.crt", "fsync": "off"}
    server = DebianPostgres(debian.postgres, debian_folder / "secure-postgres", settings=settings)
    anyio.run(server.start)
    server.turn_on("ssl")  # there are no certificates at the first start
    yield server
    anyio.run(server.stop)


@pytest.fixture
def postgres(secure_server: DebianPostgres, papers: Papers) -> SecurePostgres:
    return SecurePostgres(secure_server, papers)


async def _query(url: str) -> str:
    async with open_pool(url, schema="s", application_name="test", connect_within_s=0.2) as pool:
        return str(await pool.fetchval("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))


async def test_postgres_is_reached_over_tls_and_known_by_its_certificate(postgres: SecurePostgres) -> None:
    await postgres.show(postgres.papers.right)
    verified = f"sslmode=verify-full&sslrootcert={postgres.papers.authority.file}"
    assert (await _query(postgres.url(verified))).startswith("TLSv1.3")
    for query, said in {
        "sslmode=disable": "no encryption",
        f"sslmode=verify-full&sslrootcert={postgres.papers.other.file}": "not trusted",
        "sslmode=verify-full&sslrootcert=/nowhere/ca.crt": "/nowhere/ca.crt as sslrootcert",
        f"sslmode=verify-full&sslrootcert={postgres.papers.right.key}": "as sslrootcert",
        "sslmod=verify-full": "sslmod",
        "sslmode=verified": "sslmode",
    }.items():
        with pytest.raises(ConfigError, match=said):
            await _query(postgres.url(query))


async def test_postgres_with_a_wrong_certificate_is_refused(postgres: SecurePostgres) -> None:
    verified = f"sslmode=verify-full&sslrootcert={postgres.papers.authority.file}"
    for shown, said in (
        (postgres.papers.expired, "expired"),
        (postgres.papers.elsewhere, "not valid for"),
        (postgres.papers.foreign, "not trusted"),
    ):
        await postgres.show(shown)
        with pytest.raises(ConfigError, match=said):
            await _query(postgres.url(verified))


async def test_postgres_may_ask_clients_for_a_certificate(postgres: SecurePostgres) -> None:
    await postgres.show(postgres.papers.right, clients_show=True)
    verified = f"sslmode=verify-full&sslrootcert={postgres.papers.authority.file}"
    client = postgres.papers.client
    assert (await _query(postgres.url(f"{verified}&sslcert={client.certificate}&sslkey={client.key}"))).startswith("TLS")
    with pytest.raises(ConfigError, match="client certificate"):
        await _query(postgres.url(verified))
    with pytest.raises(ConfigError, match="as sslkey"):
        await _query(postgres.url(f"{verified}&sslcert={client.certificate}&sslkey={postgres.papers.right.key}"))


async def test_a_postgres_without_tls_is_not_reached_in_plain_text_instead(
    debian_postgres: DebianPostgres, papers: Papers
) -> None:
    with pytest.raises(DatabaseUnavailable, match="rejected SSL"):
        await _query(f"{debian_postgres.url}?sslmode=verify-full&sslrootcert={papers.authority.file}")


def _tls(papers: Papers, shown: Pair, *, clients_show: bool = False) -> Tls:
    authority, client = papers.authority.file, papers.client
    files = f"tls-cert-file {shown.certificate}\ntls-key-file {shown.key}\ntls-ca-cert-file {authority}\n"
    between = "tls-replication yes\ntls-cluster yes\n"
    options = {"ssl": True, "ssl_ca_certs": str(authority), "ssl_certfile": str(client.certificate)}
    options["ssl_keyfile"] = str(client.key)
    query = f"ssl_ca_certs={authority}"
    if clients_show:
        query += f"&ssl_certfile={client.certificate}&ssl_keyfile={client.key}"
    # Whoever listens to us need not be trusted here: the harness talks to servers with wrong certificates, too.
    return Tls(
        f"{files}{between}tls-auth-clients {'yes' if clients_show else 'no'}\n", {**options, "ssl_cert_reqs": "none"}, query
    )


@pytest.fixture
async def secure_redis(debian: Debian, papers: Papers, debian_folder: Path) -> AsyncIterator[RedisProcess]:
    settings = f"requirepass {PASSWORD}\n"
    server = RedisProcess(debian_folder / "secure-redis", settings, program=debian.redis_server, tls=_tls(papers, papers.right))
    server.start()
    yield server
    server.remove()


async def _history(url: str) -> str:
    async with open_streams(url, "nexus") as streams:
        return await streams.history()


async def test_redis_is_reached_over_tls_and_known_by_its_certificate(secure_redis: RedisProcess, papers: Papers) -> None:
    url = f"rediss://:{PASSWORD}@{LOOPBACK}:{secure_redis.port}/0"
    assert await _history(f"{url}?ssl_ca_certs={papers.authority.file}")
    with pytest.raises(BusUnavailable, match="certificate verify failed"):
        await _history(f"{url}?ssl_ca_certs={papers.other.file}")
    with pytest.raises(BusUnavailable, match="certificate verify failed"):
        await _history(url)
    with pytest.raises(ConfigError, match="/nowhere as ssl_ca_certs"):
        await _history(f"{url}?ssl_ca_certs=/nowhere")
    with pytest.raises(ConfigError, match="rediss://"):
        await _history(f"{url.replace('rediss', 'redis')}?ssl_ca_certs={papers.authority.file}")
    with pytest.raises(ConfigError, match="sslrootcert"):
        await _history(f"{url}?sslrootcert={papers.authority.file}")
    with pytest.raises(BusUnavailable):
        await _history(url.replace("rediss", "redis"))


async def test_redis_with_a_wrong_certificate_is_refused(secure_redis: RedisProcess, papers: Papers) -> None:
    url = f"rediss://:{PASSWORD}@{LOOPBACK}:{secure_redis.port}/0?ssl_ca_certs={papers.authority.file}"
    for shown, said in (
        (papers.expired, "expired"),
        (papers.elsewhere, "not valid for"),
        (papers.foreign, "certificate verify failed"),
    ):
        secure_redis.run("CONFIG", "SET", "tls-cert-file", str(shown.certificate), "tls-key-file", str(shown.key))
        with pytest.raises(BusUnavailable, match=said):
            await _history(url)


async def test_redis_may_ask_clients_for_a_certificate(secure_redis: RedisProcess, papers: Papers) -> None:
    secure_redis.run("CONFIG", "SET", "tls-auth-clients", "yes")
    url = f"rediss://:{PASSWORD}@{LOOPBACK}:{secure_redis.port}/0?ssl_ca_certs={papers.authority.file}"
    assert await _history(f"{url}&ssl_certfile={papers.client.certificate}&ssl_keyfile={papers.client.key}")
    with pytest.raises(BusUnavailable):
        await _history(url)


@pytest.mark.faults
@pytest.mark.parametrize("kind", [SentinelSet, RedisCluster], ids=["sentinel", "cluster"])
async def test_a_fail_over_goes_on_over_tls(
    kind: type[SentinelSet] | type[RedisCluster], debian: Debian, papers: Papers, debian_folder: Path
) -> None:
    tls = _tls(papers, papers.right, clients_show=True)
    servers = kind(debian_folder / kind.__name__, program=debian.redis_server, tls=tls)
    try:
        servers.start()
        async with open_streams(servers.url, "nexus") as store:
            await append_within(store, Append(_STREAM, [b"before"]))
            servers.master_of(_STREAM).kill()
            await append_within(store, Append(_STREAM, [b"after"]))
            with anyio.fail_after(BACK_WITHIN_S):
                while b"after" not in await _bodies(store):  # noqa: ASYNC110 - nobody tells
                    await anyio.sleep(0.05)
    finally:
        servers.stop()


async def _bodies(store: StreamStore) -> list[bytes]:
    try:
        return [entry.body for entry in await store.read({_STREAM: START}, 100, 0)]
    except BusUnavailable:
        return []


async def test_a_worker_that_does_not_trust_redis_waits_and_says_why(
    secure_redis: RedisProcess, papers: Papers, database_url: str, tmp_path: Path
) -> None:
    address = f"rediss://:{PASSWORD}@{LOOPBACK}:{secure_redis.port}/0"
    environ = {"NEXUS_DATABASE_URL": database_url, "NEXUS_REDIS_URL": f"{address}?ssl_ca_certs={papers.other.file}"}
    worker = Worker("worker", tmp_path, {**environ, TRIM_EVERY: "60"})
    try:
        with anyio.fail_after(60):
            while b"certificate verify failed" not in worker.log.read_bytes():
                assert worker.alive, worker.tail()
                await anyio.sleep(0.05)
        assert not list(worker.lines(READY))
    finally:
        await worker.kill()
