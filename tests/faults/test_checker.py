"""The checker sees what it is there to see."""

from collections.abc import Callable
from uuid import uuid4

import msgspec
import pytest

from bus import new_id
from bus.envelope import seal
from nexus_actors.worker.worker import utc_now
from tests.faults.checker import check
from tests.faults.evidence import Entry, Evidence, Handled, Sent
from tests.faults.ledger.contract import LEDGER, Posted, Receipt
from tests.faults.record import History, Operation

COUNT = 10


def operations() -> History:
    history = History()
    before = None
    for number in range(1, COUNT + 1):
        operation = Operation(
            account="a",
            operation=uuid4(),
            message_id=new_id(),
            amount=number,
            teller="t",
            began_at=number,
            before=before,
            outcome="accepted",
            receipt=Receipt(number, number * (number + 1) // 2),
            gift=number == COUNT,
        )
        before = history.add(operation)
    return history


def sent(operation: Operation, number: int) -> Sent:
    event = Posted(account="a", number=number, operation=operation.operation, amount=operation.amount, teller="t")
    envelope = seal(event, message_id=new_id(), source="ledger-ms", now=utc_now())
    return Sent(0, number, envelope.id, envelope)


def evidence_of(history: History) -> Evidence:
    numbered = list(enumerate(history.operations, 1))
    outbox = [sent(operation, number) for number, operation in numbered]
    ids = {row.message_id for row in outbox}
    total = sum(range(1, COUNT + 1))
    return Evidence(
        entries=[Entry("a", number, operation.operation, operation.amount) for number, operation in numbered],
        accounts={"a": {"number": COUNT, "total": total, "gifts": 1}},
        tallies={"a": {"count": COUNT, "last": COUNT, "total": total, "disorder": 0, "gifts": 1}},
        handled={
            "tally-ms": [Handled("t", "a", n) for n, _ in numbered],
            "archive-ms": [Handled("a", "a", n) for n, _ in numbered],
        },
        audits=[("a", COUNT)],
        outboxes={"ledger-ms": outbox},
        inboxes={"ledger-ms": set(), "tally-ms": set(ids), "archive-ms": set(ids)},
        parked={"ledger-ms": set(), "tally-ms": set(), "archive-ms": set()},
        behind=[],
        streams={LEDGER.stream("events", 0): [row.envelope for row in outbox]},
    )


def test_a_history_without_a_fault_is_clean() -> None:
    history = operations()
    verdict = check(history, evidence_of(history))
    assert verdict.clean, verdict
    assert (verdict.accepted, verdict.effects) == (COUNT, COUNT)


def lose_entry(evidence: Evidence) -> None:
    evidence.entries.pop()


def double_entry(evidence: Evidence) -> None:
    evidence.entries.append(evidence.entries[-1])


def swap_entries(evidence: Evidence) -> None:
    first, second, *rest = evidence.entries
    evidence.entries[:] = [second, first, *rest]


def lose_event(evidence: Evidence) -> None:
    evidence.handled["archive-ms"].pop(3)


def double_event(evidence: Evidence) -> None:
    evidence.handled["tally-ms"].insert(3, evidence.handled["tally-ms"][3])


def swap_events(evidence: Evidence) -> None:
    rows = evidence.handled["tally-ms"]
    rows[3], rows[4] = rows[4], rows[3]


def lose_tally(evidence: Evidence) -> None:
    evidence.tallies["a"]["count"] -= 1


def double_tally(evidence: Evidence) -> None:
    evidence.tallies["a"]["count"] += 1


def disorder_tally(evidence: Evidence) -> None:
    evidence.tallies["a"]["disorder"] = 2


def lose_timer(evidence: Evidence) -> None:
    evidence.audits.clear()


def double_timer(evidence: Evidence) -> None:
    evidence.audits *= 2


def erase_gift(evidence: Evidence) -> None:
    evidence.accounts["a"]["gifts"] = 0


def double_gift(evidence: Evidence) -> None:
    evidence.tallies["a"]["gifts"] = 2


def stale_state(evidence: Evidence) -> None:
    evidence.accounts["a"]["total"] -= 1


def lose_outbox(evidence: Evidence) -> None:
    evidence.outboxes["ledger-ms"].pop()


def unread_stream(evidence: Evidence) -> None:
    evidence.behind.append("tally-ms has read up to 1-0 of 2-0")


def unknown_in_stream(evidence: Evidence) -> None:
    evidence.inboxes["archive-ms"].pop()


@pytest.mark.parametrize(
    ("break_it", "heading"),
    [
        (lose_entry, "lost"),
        (double_entry, "doubled"),
        (swap_entries, "disordered"),
        (lose_event, "lost"),
        (double_event, "doubled"),
        (swap_events, "disordered"),
        (lose_tally, "lost"),
        (double_tally, "doubled"),
        (disorder_tally, "disordered"),
        (lose_timer, "lost"),
        (double_timer, "doubled"),
        (erase_gift, "lost"),
        (double_gift, "doubled"),
        (stale_state, "disagreeing"),
        (lose_outbox, "disagreeing"),
        (unread_stream, "pending"),
        (unknown_in_stream, "disagreeing"),
    ],
)
def test_evidence_that_is_wrong_is_found(break_it: Callable[[Evidence], None], heading: str) -> None:
    history = operations()
    evidence = evidence_of(history)
    break_it(evidence)
    verdict = check(history, evidence)
    assert getattr(verdict, heading) > 0, verdict
    assert not verdict.clean


def test_an_operation_that_was_refused_may_not_be_there() -> None:
    history = operations()
    evidence = evidence_of(history)
    history.operations[-1].outcome = "refused"
    assert check(history, evidence).doubled == 1


def test_an_operation_that_waits_in_the_dead_letters_is_not_lost_and_one_that_was_redriven_is_there() -> None:
    history = operations()
    evidence = evidence_of(history)
    last = history.operations[-1]
    last.outcome, last.receipt = "parked", None
    assert check(history, evidence).clean
    evidence.parked["ledger-ms"].add(last.message_id)
    assert check(history, evidence).doubled == 1


def test_a_receipt_with_another_number_is_found() -> None:
    history = operations()
    evidence = evidence_of(history)
    receipt = history.operations[0].receipt
    assert receipt is not None
    history.operations[0].receipt = msgspec.structs.replace(receipt, number=7)
    assert check(history, evidence).disagreeing == 1


def test_what_nobody_knows_yet_is_not_clean() -> None:
    history = operations()
    evidence = evidence_of(history)
    history.operations[-1].outcome = "unknown"
    assert not check(history, evidence).clean
