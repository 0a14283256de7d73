"""Load: askers that ask again under the same id until they know."""

import random
from typing import Final

import anyio
from anyio.abc import TaskGroup

from bus import BusError, DeadlineExceeded, Refusal, new_id
from nexus_actors.asking import BusAsker
from tests.faults.ledger.contract import POISON, Post
from tests.faults.next.contract import Give
from tests.faults.record import History, Operation

ACCOUNTS: Final = 24
_TELLERS: Final = 8
_AGAIN_S: Final = 0.1
_REFUSED_IN: Final = 20
_FAILS_IN: Final = 50
_PARKED: Final = "message_parked"
_ASK_AGAIN: Final = frozenset({"in_flight"})


class Load:
    """Posts to a number of accounts, each account's bursts one after the other.

    Args:
        pause_s: between two bursts of an account.
        timeout_s: how long one asking waits.
        burst: as many operations at the most.
        name: what the accounts' names begin with.
    """

    def __init__(
        self,
        asker: BusAsker,
        chance: random.Random,
        *,
        accounts: int = ACCOUNTS,
        pause_s: float = 0.02,
        timeout_s: float = 1.5,
        burst: int = 3,
        name: str = "account",
    ) -> None:
        self.history = History()
        self.accounts = [f"{name}-{i}" for i in range(accounts)]
        self.asker = asker
        self._chance = chance
        self._pause_s = pause_s
        self._timeout_s = timeout_s
        self._burst = burst
        self._stopping = False
        self._accepted = 0

    @property
    def accepted(self) -> int:
        """How many operations were accepted so far."""
        return self._accepted

    def start(self, tasks: TaskGroup) -> None:
        """Start the askers."""
        self._stopping = False
        for account in self.accounts:
            tasks.start_soon(self._post_to, account)

    def stop(self) -> None:
        """Begin nothing new. What was begun is asked until it is known."""
        self._stopping = True

    async def _post_to(self, account: str) -> None:
        before: Operation | None = None
        while not self._stopping:
            burst = [self._any(account, before) for _ in range(self._chance.randint(1, self._burst))]
            async with anyio.create_task_group() as asking:
                for operation in burst:
                    asking.start_soon(self.ask, operation)
            before = burst[-1]
            if any(operation.outcome == "parked" for operation in burst):
                return
            await anyio.sleep(self._pause_s)

    def _any(self, account: str, before: Operation | None) -> Operation:
        amount = -1 if self._chance.randrange(_REFUSED_IN) == 0 else self._chance.randint(0, POISON - 1)
        operation = self.prepare(account, amount, before)
        operation.fails = int(self._chance.randrange(_FAILS_IN) == 0)
        return operation

    def prepare(self, account: str, amount: int, before: Operation | None = None, *, gift: bool = False) -> Operation:
        """An operation that is about to be asked."""
        operation = Operation(
            account=account,
            operation=new_id(),
            message_id=new_id(),
            amount=amount,
            teller=f"teller-{self._chance.randrange(_TELLERS)}",
            began_at=anyio.current_time(),
            before=before,
            gift=gift,
        )
        return self.history.add(operation)

    async def ask(self, operation: Operation) -> None:
        """Ask until it is known what became of it."""
        command = _command(operation)
        while operation.outcome == "unknown":
            operation.asked += 1
            try:
                timeout_s = self._timeout_s + operation.linger_s
                reply = await self.asker.ask(command, message_id=operation.message_id, timeout_s=timeout_s)
            except Refusal as refusal:
                if refusal.code not in _ASK_AGAIN:
                    operation.outcome = "parked" if refusal.code == _PARKED else "refused"
            except DeadlineExceeded:
                continue
            except BusError:
                await anyio.sleep(_AGAIN_S)
                continue
            else:
                operation.receipt, operation.outcome = reply.value, "accepted"
                self._accepted += 1
            if operation.outcome == "unknown":
                await anyio.sleep(_AGAIN_S)
        operation.answered_at = anyio.current_time()


def _command(operation: Operation) -> Post | Give:
    named = {"account": operation.account, "teller": operation.teller}
    if operation.gift:
        return Give(**named, operation=operation.operation, amount=operation.amount)
    return Post(
        **named,
        operation=operation.operation,
        amount=operation.amount,
        linger_s=operation.linger_s,
        fails=operation.fails,
        spoils=operation.spoils,
    )
