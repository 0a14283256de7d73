"""Dead letters for tests, without a database."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from msgspec.structs import replace

from bus import Command, DeadlineExceeded
from nexus_actors.asking import Reply
from nexus_actors.identity import Identity
from nexus_actors.operations.dead_letters import DeadLetter, LetterFilter, LetterGroup, OpenedLetter, Trait
from nexus_actors.runtime.own_commands import Released, ReleaseKey

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def letter(number: int, key: str, *, tenant: str = "main", behind: bool = False, cause: str = "ValueError: no") -> DeadLetter:
    return DeadLetter(
        number=number,
        service="counter-ms",
        message_id=UUID(int=number),
        type="nexus.counter-ms.add.v1",
        tenant=tenant,
        key=key,
        partition=0,
        stream="{counter-ms:0}:commands",
        behind=behind,
        released=False,
        cause=cause,
        attempts=3,
        parked_at=NOON,
    )


class Shelf:
    """Dead letters in memory and the owner who lets them go on; counts what it is asked for."""

    def __init__(self, letters: Sequence[DeadLetter]) -> None:
        self.letters: dict[int, DeadLetter] = {}
        self._of_key: defaultdict[Identity, list[int]] = defaultdict(list)
        for one in letters:
            self.park(one)
        self.asked: Counter[str] = Counter()
        self.released: list[tuple[str, tuple[UUID, ...]]] = []
        self.whose: list[str] = []
        self.silent_after = 1_000_000

    def park(self, one: DeadLetter) -> None:
        self.letters[one.number] = one
        self._of_key[Identity(one.tenant, one.key)].append(one.number)

    def _matching(self, wanted: LetterFilter) -> list[DeadLetter]:
        return [
            one
            for one in self.letters.values()
            if not (wanted.failed and (one.behind or one.released))
            and wanted.key in {None, one.key}
            and wanted.tenant in {None, one.tenant}
            and (wanted.cause or "") in one.cause
        ]

    async def page(self, wanted: LetterFilter, *, after: int = 0, limit: int = 50) -> list[DeadLetter]:
        self.asked["page"] += 1
        return [one for one in self._matching(wanted) if one.number > after][:limit]

    async def opened(self, wanted: LetterFilter, *, limit: int = 50) -> list[OpenedLetter]:
        raise NotImplementedError

    async def groups(self, wanted: LetterFilter, by: Sequence[Trait] = (), *, limit: int = 50) -> list[LetterGroup]:
        self.asked["groups"] += 1
        found = self._matching(wanted)
        tenants = sorted({one.tenant for one in found}) if "tenant" in by else [""]
        return [_group([one for one in found if not tenant or one.tenant == tenant], tenant) for tenant in tenants]

    async def ask(self, command: Command[Released], **_: object) -> Reply[Released]:
        assert isinstance(command, ReleaseKey)
        if len(self.released) == self.silent_after:
            raise DeadlineExceeded("Nobody answers.")
        self.released.append((command.key, command.drop))
        self.whose.append(command.tenant)
        mine = self._of_key.pop(Identity(command.tenant, command.key))
        dropped = [number for number in mine if UUID(int=number) in command.drop]
        for number in dropped:
            del self.letters[number]
        for number in set(mine) - set(dropped):
            self.letters[number] = replace(self.letters[number], released=True)
        return Reply(Released(redriven=len(mine) - len(dropped), dropped=len(dropped)))


def _group(found: Sequence[DeadLetter], tenant: str) -> LetterGroup:
    return LetterGroup(
        tenant=tenant,
        letters=len(found),
        keys=len({(one.tenant, one.key) for one in found}),
        first_parked_at=None,
        last_parked_at=None,
        last_number=max((one.number for one in found), default=0),
    )
