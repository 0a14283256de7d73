from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis

from bus.redis.slots import slot_of
from nexus_actors.embedded.ports import LOOPBACK
from tests.ports import claim_port
from tests.redis_servers.process import DATA, PASSWORD, RedisProcess, Tls, until

_SLOTS = 16_384
_MASTERS = 3
_NODE_TIMEOUT_MS = 500


class RedisCluster:
    """Three masters, each with a replica.

    Args:
        program, tls: see `RedisProcess`.
    """

    def __init__(self, folder: Path, program: Path | None = None, tls: Tls | None = None) -> None:
        self._program, self._tls = program, tls
        self.nodes = [self._node(folder / f"node-{n}") for n in range(2 * _MASTERS)]

    def _node(self, folder: Path) -> RedisProcess:
        settings = f"cluster-enabled yes\ncluster-port {claim_port()}\ncluster-node-timeout {_NODE_TIMEOUT_MS}\n"
        settings += "cluster-replica-validity-factor 0\n" + DATA
        return RedisProcess(folder, settings, program=self._program, tls=self._tls)

    @property
    def url(self) -> str:
        nodes = ",".join(f"{LOOPBACK}:{node.port}" for node in self.nodes[:2])
        scheme, query = ("rediss", f"?{self._tls.query}") if self._tls else ("redis", "")
        return f"{scheme}+cluster://:{PASSWORD}@{nodes}{query}"

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        first, *others = self.nodes
        for n, master in enumerate(self.nodes[:_MASTERS]):
            master.run("CLUSTER", "ADDSLOTSRANGE", n * _SLOTS // _MASTERS, (n + 1) * _SLOTS // _MASTERS - 1)
            master.run("CLUSTER", "SET-CONFIG-EPOCH", n + 1)
        for node in others:
            first.run("CLUSTER", "MEET", LOOPBACK, node.port, int(self._bus_port(node)))
        until(lambda: all(len(self.view(node)) == len(self.nodes) for node in self.nodes))
        for master, replica in zip(self.nodes[:_MASTERS], self.nodes[_MASTERS:], strict=True):
            replica.run("CLUSTER", "REPLICATE", master.run("CLUSTER", "MYID"))
        self.settle()

    @staticmethod
    def _bus_port(node: RedisProcess) -> str:
        return str(node.run("CONFIG", "GET", "cluster-port")[1])

    def view(self, node: RedisProcess) -> dict[str, Any]:
        """The nodes that one node knows."""
        return {
            line.split()[0]: line.split()
            for line in str(
                node.run(
                    "CLUSTER",
                    "NODES",
                )
            ).splitlines()
        }

    def masters(self) -> list[RedisProcess]:
        return [node for node in self.nodes if node.alive and node.run("ROLE")[0] == "master"]

    def master_of(self, stream: str) -> RedisProcess:
        """The living node that takes itself for the master of a stream of the prefix `nexus`."""
        slot = slot_of(f"nexus:{stream}")
        for node in self.masters():
            for word in next(line for line in self.view(node).values() if "myself" in line[2])[8:]:
                first, _, last = word.partition("-")
                if not word.startswith("[") and int(first) <= slot <= int(last or first):
                    return node
        raise AssertionError(f"Nobody owns slot {slot}.")

    def revive(self) -> None:
        """Start again what was killed. It comes back as a replica of whoever stood in for it."""
        for node in self.nodes:
            if not node.alive:
                node.start()

    def move(self, stream: str, target: RedisProcess, step: Callable[[], None]) -> None:
        """Move the slot of a stream, as an operator does, calling `step` between the steps.

        Redis documentation, "Scale with Redis Cluster": importing, migrating, the keys, then the owner.
        """
        slot, source = slot_of(f"nexus:{stream}"), self.master_of(stream)
        ids = {node: str(node.run("CLUSTER", "MYID")) for node in (source, target)}
        target.run("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
        source.run("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])
        step()
        for key in source.run("CLUSTER", "GETKEYSINSLOT", slot, 100):
            source.run("MIGRATE", LOOPBACK, target.port, key, 0, 5_000, "AUTH", PASSWORD)
        step()
        for node in (target, source):
            node.run("CLUSTER", "SETSLOT", slot, "NODE", ids[target])

    def settle(self) -> None:
        """Wait until all slots are served, and every living replica has what its master has."""
        until(self._settled)

    def _settled(self) -> bool:
        for node in (node for node in self.nodes if node.alive):
            try:
                info = str(node.run("CLUSTER", "INFO"))
                role = node.run("ROLE")
            except redis.RedisError:
                return False
            if "cluster_state:ok" not in info or f"cluster_slots_ok:{_SLOTS}" not in info:
                return False
            if role[0] == "slave" and role[3] != "connected":
                return False
        return len(self.masters()) == _MASTERS

    def settle_on(self, stream: str, port: int) -> None:
        """Wait until every node names this port for the owner of a stream."""
        slot = slot_of(f"nexus:{stream}")

        def agreed() -> bool:
            maps = [node.run("CLUSTER", "SLOTS") for node in self.nodes]
            return all(any(first <= slot <= last and master[1] == port for first, last, master, *_ in each) for each in maps)

        until(agreed)

    def empty(self) -> None:
        self.settle()
        for master in self.masters():
            master.run("FLUSHALL")
            master.run("SCRIPT", "FLUSH")

    def stop(self) -> None:
        for node in self.nodes:
            node.remove()
