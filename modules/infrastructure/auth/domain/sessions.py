"""The sessions of one account."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from modules.infrastructure.auth.domain.refresh import Family, expired

MAX_SESSIONS = 20

Ending = Literal["expired", "evicted"]


def to_end(sessions: Mapping[UUID, Family], now: datetime) -> dict[UUID, Ending]:
    """Which sessions must end before a new one may open, and why.

    Those that have run out (``expired``), and of the rest the ones least recently renewed until one place of 20 is free
    (``evicted``).
    """
    ending: dict[UUID, Ending] = {id_: "expired" for id_, family in sessions.items() if expired(family, now)}
    alive = sorted((id_ for id_ in sessions if id_ not in ending), key=lambda id_: sessions[id_].renewed_at)
    surplus = max(0, len(alive) - MAX_SESSIONS + 1)
    for session_id in alive[:surplus]:
        ending[session_id] = "evicted"
    return ending
