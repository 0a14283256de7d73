"""Dead letters for tests, without a database."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from msgspec.structs import replace

from bus import Command, DeadlineExceeded
from nexus_actors.dead_letters import DeadLetter, LetterFilter, LetterGroup, OpenedLetter, Trait
from nexus_actors.http.asking import Reply
from nexus_actors.runtime.release import Released, ReleaseKey

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def letter(number: int, key: str, *, behind: bool = False, cause: str = "ValueError: no") -> DeadLetter:
    return DeadLetter(
        number=number,
        service="counter-ms",
        message_id=UUID(int=number),
        type="nexus.counter-ms.add.v1",
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
        self._of_key: defaultdict[str, list[int]] = defaultdict(list)
        for one in letters:
            self.park(one)
        self.asked: Counter[str] = Counter()
        self.released: list[tuple[str, tuple[UUID, ...]]] = []
        self.silent_after = 1_000_000

    def park(self, one: DeadLetter) -> None:
        self.letters[one.number] = one
        self._of_key[one.key].append(one.number)

    def _matching(self, wanted: LetterFilter) -> list[DeadLetter]:
        return [
            one
            for one in self.letters.values()
            if not (wanted.failed and (one.behind or one.released))
            and wanted.key in {None, one.key}
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
        last = max((one.number for one in found), default=0)
        keys = len({one.key for one in found})
        return [LetterGroup(letters=len(found), keys=keys, first_parked_at=None, last_parked_at=None, last_number=last)]

    async def ask(self, command: Command[Released], **_: object) -> Reply[Released]:
        assert isinstance(command, ReleaseKey)
        if len(self.released) == self.silent_after:
            raise DeadlineExceeded("Nobody answers.")
        self.released.append((command.key, command.drop))
        mine = self._of_key.pop(command.key)
        dropped = [number for number in mine if UUID(int=number) in command.drop]
        for number in dropped:
            del self.letters[number]
        for number in set(mine) - set(dropped):
            self.letters[number] = replace(self.letters[number], released=True)
        return Reply(Released(redriven=len(mine) - len(dropped), dropped=len(dropped)))
