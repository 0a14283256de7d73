"""What the benchmark of recovery reads from a history."""

from collections.abc import Sequence

import pytest

from bus import new_id
from tests.benchmarks.recovery.trials import longest_silence
from tests.faults.record import History, Operation, Outcome


def history(*answers: tuple[str, float, Outcome]) -> History:
    found = History()
    for account, at, outcome in answers:
        operation = Operation(
            account=account, operation=new_id(), message_id=new_id(), amount=1, teller="t", began_at=0.0, outcome=outcome
        )
        operation.answered_at = at
        found.add(operation)
    return found


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([("a", 1.0, "accepted"), ("a", 5.0, "accepted"), ("a", 9.0, "refused")], 4.0),
        ([("a", 9.0, "accepted"), ("a", 1.0, "accepted")], 8.0),  # in the order of answers, not of questions
        ([("a", 8.0, "accepted")], 8.0),  # nothing since the beginning
        ([("a", 1.0, "accepted")], 9.0),  # nothing until the end
        ([("a", 5.0, "unknown")], 10.0),  # no answer is none
        ([("a", 5.0, "accepted"), ("b", 3.0, "accepted")], 7.0),  # the worst of all accounts
        ([("a", -2.0, "accepted"), ("a", 5.0, "accepted"), ("a", 30.0, "accepted")], 5.0),  # within the span alone
    ],
)
def test_silence_is_the_longest_time_without_an_answer(answers: Sequence[tuple[str, float, Outcome]], expected: float) -> None:
    accounts = sorted({account for account, _, _ in answers})
    assert longest_silence(history(*answers), accounts, 0.0, 10.0) == expected
