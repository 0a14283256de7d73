"""Fixes as they come in: checked against the clock, put in the order of time, and answered for."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from bus import FieldError, Refusal
from modules.puabo_nexus.tracker.contract import Fix, PositionsReceipt, RejectedFix
from modules.puabo_nexus.tracker.domain.filters import FixRules, is_future


class Tally(Struct):
    """What became of the fixes of one message."""

    accepted: int = 0
    duplicate: int = 0
    late: int = 0
    rejected: list[RejectedFix] = msgspec.field(default_factory=list)

    def receipt(self) -> PositionsReceipt:
        """The answer to the message."""
        return PositionsReceipt(accepted=self.accepted, duplicate=self.duplicate, late=self.late, rejected=tuple(self.rejected))


class Intake:
    """The fixes of some messages of one vehicle, each instant once, in the order of time.

    Attributes:
        live: fixes newer than ``edge``.
        old: fixes that are not; some of them may be in the history already.

    Args:
        messages: the fixes of each message. Of two with the same instant the first one counts, the other is a duplicate.
        edge: the instant of the newest fix before these; None when there is none.

    Raises:
        Refusal: a fix lies in the future, or at an instant that cannot be stored. Nothing of any message may be stored.
    """

    def __init__(self, messages: Sequence[Sequence[Fix]], edge: datetime | None, now: datetime, rules: FixRules) -> None:
        self._tallies = [Tally() for _ in messages]
        self._owners: dict[datetime, Tally] = {}
        unique: dict[datetime, Fix] = {}
        for fixes, tally in zip(messages, self._tallies, strict=True):
            for fix in _checked(fixes, now, rules):
                if fix.fix_at in unique:
                    tally.duplicate += 1
                else:
                    unique[fix.fix_at] = fix
                    self._owners[fix.fix_at] = tally
        ordered = sorted(unique.values(), key=lambda fix: fix.fix_at)
        self.live = [fix for fix in ordered if edge is None or fix.fix_at > edge]
        self.old = ordered[: len(ordered) - len(self.live)]

    def accepted(self, fixes: Iterable[Fix]) -> None:
        """These joined the live track."""
        for fix in fixes:
            self._owners[fix.fix_at].accepted += 1

    def late(self, fixes: Iterable[Fix]) -> None:
        """These joined the history."""
        for fix in fixes:
            self._owners[fix.fix_at].late += 1

    def duplicate(self, fixes: Iterable[Fix]) -> None:
        """These are in the history already."""
        for fix in fixes:
            self._owners[fix.fix_at].duplicate += 1

    def rejected(self, fixes: Iterable[tuple[Fix, tuple[str, ...]]]) -> None:
        """These went into quarantine."""
        for fix, reasons in fixes:
            self._owners[fix.fix_at].rejected.append(RejectedFix(fix_at=fix.fix_at, reasons=reasons))

    def receipts(self) -> list[PositionsReceipt]:
        """The answers, one per message."""
        return [tally.receipt() for tally in self._tallies]


def _checked(fixes: Sequence[Fix], now: datetime, rules: FixRules) -> list[Fix]:
    ahead = [index for index, fix in enumerate(fixes) if is_future(fix, now, rules)]
    if ahead:
        reason = f"The fix is later than now plus {rules.future_s:g} s."
        raise Refusal.invalid(
            "future_fix",
            "A fix lies in the future, so nothing of the batch was stored. Set the device's clock and send it again.",
            *(FieldError(f"$.fixes[{index}].fix_at", reason) for index in ahead),
        )
    return [_in_utc(fix, index) for index, fix in enumerate(fixes)]


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
