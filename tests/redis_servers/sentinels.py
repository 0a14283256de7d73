from functools import partial
from pathlib import Path

import redis

from nexus_actors.embedded.ports import LOOPBACK
from tests.redis_servers.process import DATA, PASSWORD, RedisProcess, Tls, until

NAME = "nexus"
_SENTINELS = 3
_DOWN_AFTER_MS = 500
# A vote that fails is held again after twice this.
_FAIL_OVER_MS = 2_000
# What the configuration does not offer. A sentinel whose process did not run for two seconds, as on a busy machine, mistrusts
# its clock and votes for nobody for the next thirty ("tilt" in Redis's documentation of Sentinel); ours bear more. And ours ask
# servers for their roles each second in place of ten, so that one which comes back is demoted soon.
_TIMES_MS = {"tilt-trigger": 20_000, "tilt-period": 2_000, "info-period": 1_000, "publish-period": 500}


class SentinelSet:
    """A master, a replica, and three sentinels that watch them and ask for a password of their own.

    Args:
        program, tls: see `RedisProcess`.
    """

    def __init__(self, folder: Path, program: Path | None = None, tls: Tls | None = None) -> None:
        self._tls = tls
        make = partial(RedisProcess, program=program, tls=tls)
        first = make(folder / "server-0", DATA)
        second = make(folder / "server-1", f"{DATA}replicaof {LOOPBACK} {first.port}\n")
        self.servers = [first, second]
        watched = (
            f"requirepass {PASSWORD}\n"
            f"sentinel monitor {NAME} {LOOPBACK} {first.port} 2\n"
            f"sentinel auth-pass {NAME} {PASSWORD}\n"
            f"sentinel sentinel-pass {PASSWORD}\n"
            f"sentinel down-after-milliseconds {NAME} {_DOWN_AFTER_MS}\n"
            f"sentinel failover-timeout {NAME} {_FAIL_OVER_MS}\n"
        )
        self.sentinels = [make(folder / f"sentinel-{n}", watched, "--sentinel") for n in range(_SENTINELS)]

    @property
    def url(self) -> str:
        sentinels = ",".join(f"{LOOPBACK}:{sentinel.port}" for sentinel in self.sentinels)
        scheme, query = ("rediss", f"&{self._tls.query}") if self._tls else ("redis", "")
        return f"{scheme}+sentinel://:{PASSWORD}@{sentinels}/{NAME}/0?sentinel_password={PASSWORD}{query}"

    def start(self) -> None:
        for process in [*self.servers, *self.sentinels]:
            process.start()
        for sentinel in self.sentinels:
            for name, milliseconds in _TIMES_MS.items():
                sentinel.run("SENTINEL", "DEBUG", name, milliseconds)
        self.settle()

    def revive(self) -> None:
        """Start again what was killed. The sentinels make it a replica of the one that stood in for it."""
        for server in self.servers:
            if not server.alive:
                server.start()

    def demote_unnoticed(self) -> None:
        """Make the master a replica of nobody, behind the sentinels' backs. Undo it soon, for they will."""
        self.master().run("REPLICAOF", LOOPBACK, 1)

    def master_of(self, stream: str) -> RedisProcess:
        """The master; every stream is there."""
        del stream
        return self.master()

    def master(self) -> RedisProcess:
        """The server that the first sentinel names."""
        port = int(self.sentinels[0].run("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)[1])
        return next(server for server in self.servers if server.port == port)

    def settle(self) -> None:
        """Wait until the sentinels agree on a master, know each other and its replica, and that one has what it has."""
        until(self._settled)

    def _settled(self) -> bool:
        seen = set()
        for sentinel in self.sentinels:
            master = dict(zip(*[iter(sentinel.run("SENTINEL", "MASTER", NAME))] * 2, strict=True))
            if int(master["num-other-sentinels"]) != _SENTINELS - 1 or int(master["num-slaves"]) < 1:
                return False
            if master["flags"] != "master":
                return False
            seen.add(int(master["port"]))
        try:
            roles = {server.port: server.run("ROLE") for server in self.servers if server.alive}
        except redis.RedisError:
            return False
        replicas = [role for role in roles.values() if role[0] == "slave"]
        return len(seen) == 1 and roles[seen.pop()][0] == "master" and all(role[3] == "connected" for role in replicas)

    def empty(self) -> None:
        self.settle()
        self.master().run("FLUSHALL")
        self.master().run("SCRIPT", "FLUSH")

    def stop(self) -> None:
        for process in [*self.sentinels, *self.servers]:
            process.remove()
