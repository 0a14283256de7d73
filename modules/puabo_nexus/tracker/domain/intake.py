"""Fixes as they come in: checked against the clock, put in the order of time, and answered for."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from bus import FieldError, Refusal
from modules.puabo_nexus.tracker.contract import Fix, PositionsReceipt, RejectedFix
from modules.puabo_nexus.tracker.domain.filters import FixRules, Reason, by_time, own_reasons
from modules.puabo_nexus.tracker.domain.periods import Period, covered
from modules.puabo_nexus.tracker.domain.week_rollover import Rollover, confirmed, meant


class Terms(Struct, frozen=True, kw_only=True):
    """Under which terms fixes are taken.

    Attributes:
        periods: the times for which whoever sent them may report; None for all times.
        is_recording: see `RecordPositions`.
    """

    now: datetime
    rules: FixRules
    periods: Sequence[Period] | None = None
    is_recording: bool = False


class Tally(Struct):
    """What became of the fixes of one message."""

    accepted: int = 0
    duplicate: int = 0
    late: int = 0
    rejected: list[RejectedFix] = msgspec.field(default_factory=list)

    def receipt(self) -> PositionsReceipt:
        """The answer to the message."""
        rejected = tuple(sorted(self.rejected, key=lambda item: item.fix_at))
        return PositionsReceipt(accepted=self.accepted, duplicate=self.duplicate, late=self.late, rejected=rejected)


class Intake:
    """The fixes of some messages of one vehicle, in the order of `by_time`.

    Attributes:
        live: fixes newer than ``edge`` against which nothing speaks but perhaps other fixes.
        old: such fixes that are not newer; some of their instants may be in the history already.
        aside: those for quarantine, and what speaks against each.
        rollover: what is known of the receiver now.

    Args:
        messages: the fixes of each message.
        edge: the instant of the newest fix before these; None when there is none.
        rollover: what was known of the receiver before.

    Raises:
        Refusal: a fix is at an instant that cannot be stored. Nothing of any message may be stored.
    """

    def __init__(
        self, messages: Sequence[Sequence[Fix]], edge: datetime | None, terms: Terms, rollover: Rollover | None = None
    ) -> None:
        self._terms = terms
        self._tallies = [Tally() for _ in messages]
        self._owners: dict[Fix, list[Tally]] = {}
        self.rollover = rollover
        self.aside: list[tuple[Fix, tuple[str, ...]]] = []
        refused: dict[Fix, tuple[Reason, ...]] = {}
        arrived = [
            (_in_utc(fix, index), tally)
            for fixes, tally in zip(messages, self._tallies, strict=True)
            for index, fix in enumerate(fixes)
        ]
        for fix, tally in sorted(arrived, key=lambda pair: pair[0].fix_at):
            meant_fix, reasons = self._judged(fix)
            self._owners.setdefault(meant_fix, []).append(tally)
            if reasons:
                refused[meant_fix] = reasons
        self.rejected(refused.items())
        ordered = sorted((fix for fix in self._owners if fix not in refused), key=by_time)
        self.live = [fix for fix in ordered if edge is None or fix.fix_at > edge]
        self.old = ordered[: len(ordered) - len(self.live)]

    def accepted(self, fixes: Iterable[Fix]) -> None:
        """These joined the live track."""
        for first in self._firsts(fixes):
            first.accepted += 1

    def late(self, fixes: Iterable[Fix]) -> None:
        """These joined the history."""
        for first in self._firsts(fixes):
            first.late += 1

    def duplicate(self, fixes: Iterable[Fix]) -> None:
        """The history has others at their instants."""
        for fix in fixes:
            for tally in self._owners[fix]:
                tally.duplicate += 1

    def rejected(self, fixes: Iterable[tuple[Fix, tuple[str, ...]]]) -> None:
        """These go into quarantine."""
        for fix, reasons in fixes:
            self.aside.append((fix, reasons))
            for tally in self._owners[fix]:
                tally.rejected.append(RejectedFix(fix_at=fix.fix_at, reasons=reasons))

    def receipts(self) -> list[PositionsReceipt]:
        """The answers, one per message."""
        return [tally.receipt() for tally in self._tallies]

    def _firsts(self, fixes: Iterable[Fix]) -> Iterable[Tally]:
        """Whose fixes they are. The same one sent again is a duplicate."""
        for fix in fixes:
            first, *others = self._owners[fix]
            for tally in others:
                tally.duplicate += 1
            yield first

    def _judged(self, fix: Fix) -> tuple[Fix, tuple[Reason, ...]]:
        """The fix, at the instant that it means, and what speaks against it."""
        terms, reasons = self._terms, list[Reason]()
        instant = None if terms.is_recording else meant(fix.fix_at, terms.now)
        if instant is not None:
            self.rollover = confirmed(fix.fix_at, self.rollover)
            if self.rollover.is_certain:
                fix = msgspec.structs.replace(fix, fix_at=instant)
            else:
                reasons.append("week_rollover")
        reasons += own_reasons(fix, terms.now, terms.rules)
        if not covered(fix.fix_at, terms.periods):
            reasons.append("not_assigned")
        return fix, tuple(reasons)


def _in_utc(fix: Fix, index: int) -> Fix:
    try:
        instant = fix.fix_at.astimezone(UTC)
    except OverflowError as error:
        raise Refusal.invalid(
            "invalid_instant",
            "The instant of a fix cannot be stored, so nothing of the batch was. Set the device's clock and send it again.",
            FieldError(f"$.fixes[{index}].fix_at", "The instant is before the year 1 in UTC."),
        ) from error
    return fix if fix.fix_at.tzinfo is UTC else msgspec.structs.replace(fix, fix_at=instant)
