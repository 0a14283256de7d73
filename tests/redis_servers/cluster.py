from pathlib import Path
from typing import Any

import redis

from nexus_actors.embedded.ports import LOOPBACK, free_port
from tests.redis_servers.process import DATA, PASSWORD, RedisProcess, until

_SLOTS = 16_384
_MASTERS = 3
_NODE_TIMEOUT_MS = 500


class RedisCluster:
    """Three masters, each with a replica."""

    def __init__(self, folder: Path) -> None:
        self.nodes = [self._node(folder / f"node-{n}") for n in range(2 * _MASTERS)]

    @staticmethod
    def _node(folder: Path) -> RedisProcess:
        settings = f"cluster-enabled yes\ncluster-port {free_port()}\ncluster-node-timeout {_NODE_TIMEOUT_MS}\n"
        return RedisProcess(folder, settings + "cluster-replica-validity-factor 0\n" + DATA)

    @property
    def url(self) -> str:
        return f"redis+cluster://:{PASSWORD}@" + ",".join(f"{LOOPBACK}:{node.port}" for node in self.nodes[:2])

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

    def master_of(self, slot: int) -> RedisProcess:
        """The living node that holds itself for the master of a slot."""
        for node in self.masters():
            for word in next(line for line in self.view(node).values() if "myself" in line[2])[8:]:
                first, _, last = word.partition("-")
                if not word.startswith("[") and int(first) <= slot <= int(last or first):
                    return node
        raise AssertionError(f"Nobody owns slot {slot}.")

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

    def empty(self) -> None:
        self.settle()
        for master in self.masters():
            master.run("FLUSHALL")
            master.run("SCRIPT", "FLUSH")

    def stop(self) -> None:
        for node in self.nodes:
            node.remove()
