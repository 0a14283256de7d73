"""The history checker: what was accepted against what is there."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec
from msgspec import Struct, field

from bus import Envelope
from bus.topic import stream_parts
from tests.faults.evidence import Entry, Evidence, Handled
from tests.faults.ledger.contract import Posted
from tests.faults.ledger.service import AUDITED
from tests.faults.next.contract import Posted as NextPosted
from tests.faults.record import History, Operation

_SHOWN = 20


class Verdict(Struct):
    """The checker's figures. Each problem counts once under the heading that it belongs to.

    Attributes:
        effects: entries in the ledger.
        lost: effects that are missing: of accepted operations, of events, of timers.
        doubled: effects that are there more than once, or of operations that were refused.
        disordered: effects of one key that are not in its order.
        pending: what is not at rest.
        disagreeing: where database and streams, or a state and its rows, say different things.
    """

    accepted: int = 0
    refused: int = 0
    parked: int = 0
    unknown: int = 0
    effects: int = 0
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    pending: int = 0
    disagreeing: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing at all is wrong."""
        return not (self.lost or self.doubled or self.disordered or self.pending or self.disagreeing or self.unknown)

    def found(self, heading: str, problem: str) -> None:
        """Count a problem."""
        setattr(self, heading, getattr(self, heading) + 1)
        if len(self.problems) < _SHOWN:
            self.problems.append(f"{heading}: {problem}")

    def add(self, other: "Verdict") -> None:
        """Count what another one found, too."""
        for name in self.__struct_fields__[:-1]:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.problems += other.problems[: _SHOWN - len(self.problems)]

    def __str__(self) -> str:
        figures = ", ".join(f"{name} {getattr(self, name)}" for name in self.__struct_fields__[:-1])
        return "\n  ".join([figures, *self.problems])


def check(history: History, evidence: Evidence) -> Verdict:
    """Hold the evidence against the history."""
    verdict = Verdict(
        accepted=len(history.of("accepted")),
        refused=len(history.of("refused")),
        parked=len(history.of("parked")),
        unknown=len(history.of("unknown")),
        effects=len(evidence.entries),
    )
    _operations(verdict, history, evidence)
    by_account = _numbers(verdict, evidence.entries)
    _answered_order(verdict, history, evidence.entries)
    _states(verdict, by_account, evidence)
    _gifts(verdict, history, evidence)
    for service, rows in evidence.handled.items():
        check_reader(verdict, service, rows, by_account)
    _audits(verdict, by_account, evidence)
    _outbox(verdict, by_account, evidence)
    _streams(verdict, evidence)
    for what in evidence.behind:
        verdict.found("pending", what)
    return verdict


def _operations(verdict: Verdict, history: History, evidence: Evidence) -> None:
    """Each accepted operation once and with its receipt, each refused or dropped one never."""
    rows: dict[UUID, list[Entry]] = defaultdict(list)
    for entry in evidence.entries:
        rows[entry.operation].append(entry)
    waiting = evidence.parked["ledger-ms"]
    for operation in history.operations:
        there = rows.pop(operation.operation, [])
        if len(there) > 1:
            verdict.found("doubled", f"{_named(operation)} is there {len(there)} times")
        if operation.outcome == "accepted":
            _accepted(verdict, operation, there)
        elif there and operation.outcome == "refused":
            verdict.found("doubled", f"{_named(operation)} was refused and took effect")
        elif operation.outcome == "parked":
            gone = operation.message_id in history.dropped or operation.message_id in waiting
            if bool(there) == gone:
                verdict.found("doubled" if there else "lost", f"{_named(operation)} was parked; rows: {len(there)}")
    for unasked in rows:
        verdict.found("doubled", f"operation {unasked} took effect and was never asked")


def _accepted(verdict: Verdict, operation: Operation, there: list[Entry]) -> None:
    if not there:
        verdict.found("lost", f"{_named(operation)} was accepted as number {operation.receipt and operation.receipt.number}")
    elif operation.receipt is None or operation.receipt.number != there[0].number:
        verdict.found("disagreeing", f"{_named(operation)} is number {there[0].number}, its receipt says {operation.receipt}")


def _named(operation: Operation) -> str:
    return f"operation {operation.operation} of {operation.account} (asked {operation.asked} times)"


def _numbers(verdict: Verdict, entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Each account's entries are numbered without a gap, in the order of writing."""
    by_account: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_account[entry.account].append(entry)
    for account, rows in by_account.items():
        for place, entry in enumerate(rows, 1):
            if entry.number != place:
                verdict.found("disordered", f"entry {place} of {account} has number {entry.number}")
    return by_account


def _answered_order(verdict: Verdict, history: History, entries: Iterable[Entry]) -> None:
    """What was asked after another one's answer stands behind it."""
    number = {entry.operation: entry.number for entry in entries}
    for operation in history.of("accepted"):
        before = operation.before
        if before is None or before.operation not in number or operation.operation not in number:
            continue
        if number[before.operation] > number[operation.operation]:
            verdict.found("disordered", f"{_named(operation)} stands before one that was answered before it was asked")


def _states(verdict: Verdict, by_account: Mapping[str, list[Entry]], evidence: Evidence) -> None:
    """States of ledger and tally say what the rows say."""
    for account, rows in by_account.items():
        expected = {"number": len(rows), "total": sum(row.amount for row in rows)}
        state = evidence.accounts.get(account, {})
        if {name: state.get(name) for name in expected} != expected:
            verdict.found("disagreeing", f"the state of {account} is {evidence.accounts.get(account)}, its rows say {expected}")
        tally = evidence.tallies.get(account, {})
        count = tally.get("count", 0)
        if count < len(rows):
            verdict.found("lost", f"the tally of {account} counts {count} of {len(rows)}")
        elif count > len(rows):
            verdict.found("doubled", f"the tally of {account} counts {count} of {len(rows)}")
        elif tally["total"] != expected["total"]:
            verdict.found("disagreeing", f"the tally of {account} adds up to {tally['total']}, not {expected['total']}")
        if tally.get("disorder"):
            verdict.found("disordered", f"the tally of {account} saw {tally['disorder']} entries out of their turn")


def _gifts(verdict: Verdict, history: History, evidence: Evidence) -> None:
    """What only the next release counts is whole, whoever else has written the states meanwhile."""
    given = Counter(operation.account for operation in history.of("accepted") if operation.gift)
    for account, expected in given.items():
        for what, states in (("state", evidence.accounts), ("tally", evidence.tallies)):
            found = states.get(account, {}).get("gifts", 0)
            if found != expected:
                verdict.found(
                    "lost" if found < expected else "doubled", f"the {what} of {account} has {found} gifts of {expected}"
                )


def check_reader(verdict: Verdict, service: str, rows: Iterable[Handled], by_account: Mapping[str, list[Entry]]) -> None:
    """A reader has each event once, and those of one account in order for each of its keys."""
    seen: Counter[tuple[str, int]] = Counter()
    last: dict[tuple[str, str], int] = {}
    for row in rows:
        seen[row.account, row.number] += 1
        name = (row.reader, row.account)
        if row.number < last.get(name, 0):
            verdict.found("disordered", f"{service}: {row.reader} has number {row.number} of {row.account} after {last[name]}")
        last[name] = row.number
    for account, entries in by_account.items():
        for entry in entries:
            times = seen.pop((account, entry.number), 0)
            if times != 1:
                verdict.found("doubled" if times else "lost", f"{service} has number {entry.number} of {account} {times} times")
    for account, number in seen:
        verdict.found("disagreeing", f"{service} has number {number} of {account}, which the ledger has not")


def _audits(verdict: Verdict, by_account: Mapping[str, list[Entry]], evidence: Evidence) -> None:
    """Each timer has fired once."""
    fired = Counter(evidence.audits)
    for account, entries in by_account.items():
        for number in range(AUDITED, len(entries) + 1, AUDITED):
            times = fired[account, number]
            if times != 1:
                verdict.found("doubled" if times else "lost", f"the timer of number {number} of {account} fired {times} times")


def _outbox(verdict: Verdict, by_account: Mapping[str, list[Entry]], evidence: Evidence) -> None:
    """The outbox has one event for each entry, in its order."""
    published: dict[str, list[int]] = defaultdict(list)
    for sent in evidence.outboxes["ledger-ms"]:
        if sent.envelope.type in {Posted.wire_type(), NextPosted.wire_type()}:
            published[sent.envelope.subject].append(_number(sent.envelope))
    for account, entries in by_account.items():
        numbers = [entry.number for entry in entries]
        if published[account] != numbers:
            verdict.found(
                "disagreeing", f"the outbox of {account} has {len(published[account])} events for {len(numbers)} entries"
            )


def _number(envelope: Envelope) -> int:
    kinds: dict[str, type[Posted] | type[NextPosted]] = {kind.wire_type(): kind for kind in (Posted, NextPosted)}
    return msgspec.json.decode(envelope.data, type=kinds[envelope.type]).number


def _streams(verdict: Verdict, evidence: Evidence) -> None:
    """What the streams hold was handled by those whom it is for."""
    for stream, envelopes in evidence.streams.items():
        service, _, channel = stream_parts(stream)
        readers = [service] if channel == "commands" else list(evidence.handled) if service == "ledger-ms" else []
        for reader in readers:
            known = evidence.inboxes[reader] | evidence.parked[reader]
            for envelope in envelopes:
                if envelope.id not in known:
                    verdict.found("disagreeing", f"{reader} does not know {envelope.type} {envelope.id}, which is in {stream}")
