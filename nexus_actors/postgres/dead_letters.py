"""Dead letters in the shared schema ``nexus``; see `nexus_actors.dead_letters`."""

from typing import Final

from bus import MalformedMessage
from bus.codec import decode_envelope
from nexus_actors.database import Reader, Row
from nexus_actors.dead_letters import DeadLetter, LetterFilter, OpenedLetter
from nexus_actors.redaction import redact_text

_COLUMNS: Final = """
ordinal, service, message_id, wire_type, key, partition, stream, behind, released, attempts, parked_at"""
_WANTED: Final = """
FROM nexus.dead_letters
WHERE ($1::text IS NULL OR service = $1) AND ($2::text IS NULL OR key = $2) AND ($3::text IS NULL OR wire_type = $3)
    AND ($4::uuid IS NULL OR message_id = $4)"""
_PAGE: Final = f"SELECT {_COLUMNS}, right(error, 500) AS cause {_WANTED} AND ordinal > $5 ORDER BY ordinal LIMIT $6"
_OPENED: Final = f"SELECT {_COLUMNS}, error, body {_WANTED} ORDER BY ordinal LIMIT $5"


class PostgresDeadLetters:
    """See `nexus_actors.dead_letters.DeadLetterBook`.

    Args:
        database: reads the shared schema.
    """

    def __init__(self, database: Reader) -> None:
        self._database = database

    async def page(self, wanted: LetterFilter, *, after: int = 0, limit: int = 50) -> list[DeadLetter]:
        """See `DeadLetterBook.page`."""
        rows = await self._database.fetch(_PAGE, *_arguments(wanted), after, limit)
        return [_letter(row, row["cause"]) for row in rows]

    async def opened(self, wanted: LetterFilter, *, limit: int = 50) -> list[OpenedLetter]:
        """See `DeadLetterBook.opened`."""
        rows = await self._database.fetch(_OPENED, *_arguments(wanted), limit)
        return [_opened(row) for row in rows]


def _arguments(wanted: LetterFilter) -> tuple[object, ...]:
    return wanted.service, wanted.key, wanted.type, wanted.message_id


def _letter(row: Row, error: str) -> DeadLetter:
    lines = error.strip().splitlines()
    return DeadLetter(
        number=row["ordinal"],
        service=row["service"],
        message_id=row["message_id"],
        type=row["wire_type"],
        key=row["key"],
        partition=row["partition"],
        stream=row["stream"],
        behind=row["behind"],
        released=row["released"],
        cause=redact_text(lines[-1]) if lines else "",
        attempts=row["attempts"],
        parked_at=row["parked_at"],
    )


def _opened(row: Row) -> OpenedLetter:
    try:
        envelope = decode_envelope(row["body"])
    except MalformedMessage:
        envelope = None
    error = redact_text(row["error"])
    return OpenedLetter(letter=_letter(row, error), error=error, envelope=envelope, body=row["body"])
