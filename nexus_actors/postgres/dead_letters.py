"""Dead letters in the shared schema ``nexus``; see `nexus_actors.operations.dead_letters`."""

from collections.abc import Sequence
from typing import Final

from bus import MalformedMessage
from bus.codec import decode_envelope
from nexus_actors.database import Reader, Row
from nexus_actors.failures.redaction import redact_text
from nexus_actors.operations.dead_letters import DeadLetter, LetterFilter, LetterGroup, OpenedLetter, Trait

_COLUMNS: Final = """
ordinal, service, message_id, wire_type, tenant, key, partition, stream, behind, released, attempts, parked_at"""
# As `_letter` has it: the last line of what went wrong.
_CAUSE: Final = r"substring(rtrim(right(error, 2000), E' \t\r\n') from '[^\n]*$')"
_KIND: Final = rf"coalesce(substring({_CAUSE} from '^([A-Za-z_][A-Za-z0-9_.]*)(?::|$)'), left({_CAUSE}, 200))"
_TRAITS: Final[dict[Trait, str]] = {"service": "service", "type": "wire_type", "cause": _KIND, "tenant": "tenant", "key": "key"}
# What is not asked for is not in the statement, so that each gets the plan that suits it.
_CONDITIONS: Final = {
    "service": "service = {}::text",
    "tenant": "tenant = {}::text",
    "key": "key = {}::text",
    "type": "wire_type = {}::text",
    "message_id": "message_id = {}::uuid",
    "partition": "partition = {}::integer",
    "cause": f"strpos({_CAUSE}, {{}}::text) > 0",
    "since": "parked_at >= {}::timestamptz",
    "until": "parked_at < {}::timestamptz",
}
_FAILED: Final = "NOT behind AND NOT released"


class PostgresDeadLetters:
    """See `nexus_actors.operations.dead_letters.DeadLetterBook`.

    Args:
        database: reads the shared schema.
    """

    def __init__(self, database: Reader) -> None:
        self._database = database

    async def page(self, wanted: LetterFilter, *, after: int = 0, limit: int = 50) -> list[DeadLetter]:
        """See `DeadLetterBook.page`."""
        where, arguments = _where(wanted)
        query = f"""SELECT {_COLUMNS}, right(error, 500) AS cause FROM nexus.dead_letters
            WHERE {where} AND ordinal > ${len(arguments) + 1} ORDER BY ordinal LIMIT ${len(arguments) + 2}"""  # noqa: S608 - made of our own texts
        rows = await self._database.fetch(query, *arguments, after, limit)
        return [_letter(row, row["cause"]) for row in rows]

    async def opened(self, wanted: LetterFilter, *, limit: int = 50) -> list[OpenedLetter]:
        """See `DeadLetterBook.opened`."""
        where, arguments = _where(wanted)
        query = f"""SELECT {_COLUMNS}, error, body FROM nexus.dead_letters
            WHERE {where} ORDER BY ordinal LIMIT ${len(arguments) + 1}"""  # noqa: S608 - made of our own texts
        rows = await self._database.fetch(query, *arguments, limit)
        return [_opened(row) for row in rows]

    async def groups(self, wanted: LetterFilter, by: Sequence[Trait] = (), *, limit: int = 50) -> list[LetterGroup]:
        """See `DeadLetterBook.groups`."""
        where, arguments = _where(wanted)
        columns = "".join(f"{_TRAITS[trait]} AS {trait}, " for trait in by)
        places = ", ".join(str(number) for number in range(1, len(by) + 1))
        query = f"""SELECT {columns}count(*) AS letters, count(DISTINCT (service, partition, tenant, key)) AS keys,
            min(parked_at) AS first_parked_at, max(parked_at) AS last_parked_at, coalesce(max(ordinal), 0) AS last_number
            FROM nexus.dead_letters WHERE {where} {f"GROUP BY {places}" if by else ""}
            ORDER BY letters DESC{f", {places}" if by else ""} LIMIT ${len(arguments) + 1}"""  # noqa: S608 - made of our own texts
        rows = await self._database.fetch(query, *arguments, limit)
        return [_group(row) for row in rows]


def _where(wanted: LetterFilter) -> tuple[str, list[object]]:
    given = {name: value for name in _CONDITIONS if (value := getattr(wanted, name)) is not None}
    conditions = [_CONDITIONS[name].format(f"${number}") for number, name in enumerate(given, start=1)]
    return " AND ".join([*conditions, *([_FAILED] if wanted.failed else [])]) or "true", list(given.values())


def _group(row: Row) -> LetterGroup:
    fields = dict(row)
    return LetterGroup(**{**fields, "cause": redact_text(fields.get("cause") or "")})


def _letter(row: Row, error: str) -> DeadLetter:
    lines = error.strip().splitlines()
    return DeadLetter(
        number=row["ordinal"],
        service=row["service"],
        message_id=row["message_id"],
        type=row["wire_type"],
        tenant=row["tenant"],
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
