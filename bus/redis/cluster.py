"""The way to a Redis Cluster: every command goes to the master that owns its slot, and goes again only where it was not run."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, cast

import anyio
from anyio.abc import TaskGroup
from redis.exceptions import AskError, ClusterDownError, MovedError, ReadOnlyError, ResponseError, TryAgainError

from bus.address import Endpoint
from bus.errors import BusUnavailable
from bus.position import Position
from bus.redis.link import Command, Unanswered, Unreached, Word, xread
from bus.redis.refused import is_forbidden, refused
from bus.redis.server import Server, ServerState
from bus.redis.slots import SlotMap, slot_map, slot_of
from bus.redis.waiting import Question, Reply, WaitingReads

PATIENCE_S: Final = 2.0
_PAUSE_S: Final = 0.05
# The answer says that the command was not run: it belongs elsewhere (MOVED, ASK, a script that meets a replica), or nobody can
# run it just now (CLUSTERDOWN, TRYAGAIN); and what could not be sent was not run either.
_NOT_RUN: Final = (AskError, ClusterDownError, ReadOnlyError, TryAgainError, Unreached)


class _Target(NamedTuple):
    node: Endpoint
    asking: bool = False


class ClusterLink:
    """See `bus.redis.link.Link`.

    Args:
        seeds: nodes to ask for the map of slots first.
        open_server: a way to the server at an endpoint; it connects when it is first used.
        tasks: where waiting reads live.
        block_s: how long one of them waits on the server before it is sent anew.
    """

    def __init__(
        self, seeds: Sequence[Endpoint], open_server: Callable[[Endpoint], Server], tasks: TaskGroup, block_s: float
    ) -> None:
        self._seeds = list(seeds)
        self._open_server = open_server
        self._block_s = block_s
        self._servers: dict[Endpoint, Server] = {}
        self._map = SlotMap()
        self._refreshing = anyio.Lock()
        self._refusal: Exception | None = None
        self._reads = WaitingReads(tasks, self._wait)

    async def ask(self, commands: Sequence[Command]) -> list[object]:
        """See `Link.ask`. What was not run is tried again for up to two seconds, where the cluster says it belongs."""
        replies: list[object] = [None] * len(commands)
        waiting = list(range(len(commands)))
        asking: dict[int, Endpoint] = {}
        until = anyio.current_time() + PATIENCE_S
        while waiting:
            known = self._map
            targets = {i: _Target(asking[i], asking=True) if i in asking else self._target(commands[i]) for i in waiting}
            await self._round(commands, targets, replies)
            waiting = [i for i in waiting if isinstance(replies[i], _NOT_RUN)]
            if not waiting or anyio.current_time() >= until:
                break
            asking = await self._redirect({i: cast("Exception", replies[i]) for i in waiting}, known)
        return replies

    def _target(self, command: Command) -> _Target | None:
        owner = self._map.owner(slot_of(command.key))
        return None if owner is None else _Target(owner)

    async def _round(self, commands: Sequence[Command], targets: Mapping[int, _Target | None], replies: list[object]) -> None:
        """One pipeline to each node, all at once."""
        groups: dict[Endpoint, list[int]] = defaultdict(list)
        for i, target in targets.items():
            if target is None:
                replies[i] = Unreached("no node is known to own the slot")
            else:
                groups[target.node].append(i)

        async def send(node: Endpoint, members: list[int]) -> None:
            words: list[tuple[Word, ...]] = []
            for i in members:
                target = targets[i]
                words += [("ASKING",), commands[i].words] if target and target.asking else [commands[i].words]
            answers = iter(await self._server(node).exchange(words, commands[members[0]].history))
            for i in members:
                target = targets[i]
                if target and target.asking:
                    next(answers)
                replies[i] = next(answers)

        if len(groups) == 1:
            [(node, members)] = groups.items()
            await send(node, members)
            return
        async with anyio.create_task_group() as tasks:
            for node, members in groups.items():
                tasks.start_soon(send, node, members)

    async def _redirect(self, refusals: Mapping[int, Exception], known: SlotMap) -> dict[int, Endpoint]:
        """Learn where refused commands belong. A pause where the cluster has to change first."""
        asking: dict[int, Endpoint] = {}
        hint: Endpoint | None = None
        for i, refusal in refusals.items():
            if isinstance(refusal, MovedError):
                hint = _endpoint(refusal)
            elif isinstance(refusal, AskError):
                asking[i] = _endpoint(refusal)
        if len(asking) < len(refusals):
            if hint is None and known.ranges:
                await anyio.sleep(_PAUSE_S)
            await self._refresh(known, hint)
        return asking

    async def _refresh(self, known: SlotMap, hint: Endpoint | None = None) -> None:
        """Ask for the map of slots, unless somebody has got one since ``known``.

        Every time another node is asked first, so that one which is cut off from the others does not mislead us for long.
        """
        async with self._refreshing:
            if self._map is not known:
                return
            self._seeds.append(self._seeds.pop(0))
            candidates = dict.fromkeys([*([hint] if hint else []), *self._seeds, *self._map.masters()])
            for node in candidates:
                reply = (await self._server(node).exchange([("CLUSTER", "SLOTS")]))[0]
                self._refusal = cast("Exception", reply) if is_forbidden(reply) else None
                if isinstance(reply, list) and reply:
                    self._map = slot_map(reply, node)
                    return

    def _server(self, node: Endpoint) -> Server:
        if node not in self._servers:
            self._servers[node] = self._open_server(node)
        return self._servers[node]

    async def read(self, after: Mapping[str, Position], count: int, block_s: float) -> Reply:
        """See `Link.read`."""
        slots: dict[int, list[tuple[str, Position]]] = defaultdict(list)
        for key, position in after.items():
            slots[slot_of(key)].append((key, position))
        questions = [Question(slot, tuple(streams), count) for slot, streams in slots.items()]
        if block_s > 0:
            return await self._reads.read(questions, block_s)
        commands = [Command(question.after[0][0], xread(question.after, count, 0)) for question in questions]
        found: Reply = []
        for reply in await self.ask(commands):
            if isinstance(reply, Exception):
                raise _unavailable(reply) from reply
            found += cast("Reply", reply or [])
        return found

    async def _wait(self, question: Question) -> Reply:
        """One blocking read of one slot, wherever that is."""
        command = Command(question.after[0][0], xread(question.after, question.at_most, self._block_s))
        asking: dict[int, Endpoint] = {}
        until = anyio.current_time() + PATIENCE_S
        while True:
            known = self._map
            target = _Target(asking[0], asking=True) if asking else self._target(command)
            try:
                if target is None:
                    raise Unreached("no node is known to own the slot")
                return cast("Reply", await self._server(target.node).wait(command.words, asking=target.asking) or [])
            except (ResponseError, Unreached, Unanswered) as error:
                if not isinstance(error, _NOT_RUN) or anyio.current_time() >= until:
                    await self._refresh(known)
                    raise _unavailable(error) from error
                asking = await self._redirect({0: error}, known)

    async def each(self, commands: Sequence[tuple[Word, ...]]) -> list[list[object]]:
        """See `Link.each`."""
        return [await self._server(node).exchange(commands) for node in self._map.masters()]

    async def history(self) -> str:
        """See `Link.history`: those of all masters together."""
        if not self._map.ranges:
            await self._refresh(self._map)
        known = self._map
        states: dict[Endpoint, ServerState | Exception] = {}

        async def look(node: Endpoint) -> None:
            try:
                states[node] = await self._server(node).state()
            except (ResponseError, Unreached, Unanswered) as error:
                states[node] = error

        async with anyio.create_task_group() as tasks:
            for node in known.masters():
                tasks.start_soon(look, node)
        histories = []
        for node in known.masters():
            state = states[node]
            if isinstance(state, Exception) or not state.is_master:
                await self._refresh(known)
                if is_forbidden(state):
                    raise refused(cast("Exception", state), f"{node} does not say which history it is in")
                why = state if isinstance(state, Exception) else "it is a replica now"
                raise BusUnavailable(f"Redis Cluster is changing: {node} does not answer as a master ({why}).")
            histories.append(state.history)
        if not histories and self._refusal is not None:
            raise refused(self._refusal, "The Redis Cluster does not show its map")
        if not histories:
            raise BusUnavailable(f"None of the nodes {', '.join(map(str, self._seeds))} shows a Redis Cluster.")
        history = ",".join(sorted(histories))
        self._reads.enter(history)
        return history

    async def close(self) -> None:
        """Close all connections."""
        for server in self._servers.values():
            await server.close()


def _endpoint(redirection: AskError) -> Endpoint:
    return Endpoint(str(redirection.host), int(redirection.port))


def _unavailable(error: Exception) -> BusUnavailable:
    if isinstance(error, Unreached | Unanswered):
        return BusUnavailable(f"A node of the Redis Cluster cannot be reached: {error}.")
    return refused(error, "The Redis Cluster refused to read")
