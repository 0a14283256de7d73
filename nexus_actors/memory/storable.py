"""What PostgreSQL refuses to keep, refused in memory too: a test in memory must not pass with what fails in production."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec

from nexus_actors.runtime.store import Commit, NotStorable, check_instant

_LONGEST_NAME_BYTES: Final = 2_600
"""Of a primary key: what an index page of PostgreSQL takes at least, whatever the texts look like."""


def check_commit(commit: Commit) -> None:
    """Check every row of a commit.

    Raises:
        NotStorable: PostgreSQL would refuse it.
    """
    for rows in (commit.inbox, commit.states, commit.outbox, commit.timers_gone, commit.parked):
        for row in rows:
            check(*row)
    for _, identity in commit.released:
        check(*identity)
    for started in (*commit.jobs, *commit.cancelled):
        check(*msgspec.structs.astuple(started))
    for _, timer in commit.timers:
        check(*msgspec.structs.astuple(timer))
    check(*commit.checkpoints, *(fence.history for fence in commit.fences.values()))
    _check_names((state.actor, state.tenant, state.key) for state in commit.states)
    _check_names((timer.tenant, timer.key, timer.name) for _, timer in commit.timers)


def check(*values: object) -> None:
    """Check values on their way into the database, or into a question to it.

    Raises:
        NotStorable: PostgreSQL would refuse one.
    """
    for value in values:
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, datetime):
            check_instant(value)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise NotStorable(f"{text[:80]!r} holds a NUL character, which PostgreSQL keeps in no text.")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise NotStorable(f"{text[:80]!r} holds half of a surrogate pair, for which UTF-8 has no bytes.")


def _check_names(names: Iterable[tuple[Any, ...]]) -> None:
    for name in names:
        size = sum(len(part.encode()) for part in name)
        if size > _LONGEST_NAME_BYTES:
            raise NotStorable(f"{str(name)[:80]}... has {size} bytes, and an index of PostgreSQL has no room for as many.")
