"""The statements of the turn store."""

from collections.abc import Collection, Sequence
from typing import Final

from msgspec.structs import astuple

from nexus_actors.identity import Identity
from nexus_actors.postgres.job_sql import CANCEL, START
from nexus_actors.runtime.store import Commit, check_instant

COMMIT: Final = f"SELECT commit_turns({', '.join(f'${i}' for i in range(1, 22))})"

KNOWN: Final = "SELECT message_id, fingerprint, answer FROM inbox WHERE message_id = ANY($1::uuid[])"

# The OFFSET keeps the lookups apart: a join would be planned while the table is small, as a scan of all of it, and that plan
# kept while the table grows.
STATES: Final = """
SELECT wanted.actor, wanted.tenant, wanted.key, found.body
FROM unnest($1::text[], $2::text[], $3::text[]) AS wanted (actor, tenant, key)
CROSS JOIN LATERAL (
    SELECT s.body FROM states s WHERE s.actor = wanted.actor AND s.tenant = wanted.tenant AND s.key = wanted.key OFFSET 0
) AS found"""

RESUME: Final = """
SELECT l.published_seq, l.safe_seq, l.history,
    greatest((SELECT max(seq) FROM outbox WHERE partition = $2), l.published_seq) AS last_seq,
    ARRAY(SELECT DISTINCT ROW(tenant, key) FROM nexus.dead_letters
        WHERE service = $1 AND partition = $2 AND NOT released AND key <> '') AS parked_keys,
    ARRAY(SELECT DISTINCT ROW(tenant, key) FROM nexus.dead_letters
        WHERE service = $1 AND partition = $2 AND released AND key <> '') AS released_keys,
    (SELECT min(due_at) FROM timers WHERE partition = $2) AS next_timer_at
FROM nexus.leases l WHERE l.service = $1 AND l.partition = $2"""

CHECKPOINTS: Final = "SELECT stream, ms, seq FROM nexus.checkpoints WHERE service = $1"

# What is looked at is bounded, and so is what one actor can keep others waiting: the next round looks behind it. Of each
# identity the earliest comes, also where that stands before the place, for its timers fire in order.
DUE_TIMERS: Final = """
WITH looked AS MATERIALIZED (
    SELECT due_at, tenant, key, name FROM timers
    WHERE partition = $1 AND due_at <= $2
        AND (due_at, tenant, key, name) > (coalesce($4::timestamptz, '-infinity'), $5::text, $6::text, $7::text)
        AND (tenant, key) NOT IN (SELECT * FROM unnest($8::text[], $9::text[]))
    ORDER BY due_at, tenant, key, name LIMIT $10
), chosen AS MATERIALIZED (
    SELECT * FROM (
        SELECT DISTINCT ON (tenant, key) due_at, tenant, key, name FROM looked ORDER BY tenant, key, due_at, name
    ) AS firsts ORDER BY due_at, tenant, key LIMIT $3
)
SELECT first.*, chosen.due_at AS at, chosen.name AS at_name,
    (SELECT count(*) FROM looked) AS looked,
    (SELECT (due_at, tenant, key, name) FROM looked ORDER BY due_at DESC, tenant DESC, key DESC, name DESC LIMIT 1) AS place
FROM chosen CROSS JOIN LATERAL (
    SELECT tenant, key, name, due_at, body, message_id FROM timers
    WHERE tenant = chosen.tenant AND key = chosen.key AND partition = $1 ORDER BY due_at, name LIMIT 1
) AS first ORDER BY chosen.due_at, chosen.tenant, chosen.key"""

NEXT_TIMER: Final = "SELECT min(due_at) FROM timers WHERE partition = $1 AND due_at > $2"

OUTBOX_AFTER: Final = """
SELECT partition, seq, stream, message_id, body FROM outbox WHERE partition = $1 AND seq > $2 ORDER BY seq LIMIT $3"""

# Newest first along the index, until one is older: what was committed long ago is not looked at.
OUTBOX_STREAMS: Final = """
WITH edge AS (
    SELECT coalesce((SELECT seq FROM outbox WHERE partition = $1 AND committed_at < $2 ORDER BY seq DESC LIMIT 1), 0) AS seq
)
SELECT (SELECT seq FROM edge) AS before, ARRAY(
    SELECT DISTINCT stream FROM outbox WHERE partition = $1 AND seq > (SELECT seq FROM edge) AND seq <= $3
) AS streams"""

PARKED: Final = """
SELECT message_id, partition, tenant, key, wire_type, stream, body, behind, error, attempts FROM nexus.dead_letters
WHERE service = $1 AND partition = $2 AND tenant = $3 AND key = $4 ORDER BY ordinal"""

PARKED_ONLY: Final = PARKED.replace("ORDER BY", "AND message_id = ANY($5::uuid[]) ORDER BY")

_DELETE_TIMERS: Final = """
DELETE FROM timers t USING unnest($1::text[], $2::text[], $3::text[], $4::uuid[]) AS gone (tenant, key, name, message_id)
WHERE t.tenant = gone.tenant AND t.key = gone.key AND t.name = gone.name
    AND (gone.message_id IS NULL OR t.message_id = gone.message_id)"""

_SET_TIMERS: Final = """
INSERT INTO timers (partition, tenant, key, name, due_at, message_id, body)
SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::uuid[], $7::bytea[])
ON CONFLICT (tenant, key, name) DO UPDATE
SET partition = EXCLUDED.partition, due_at = EXCLUDED.due_at, message_id = EXCLUDED.message_id, body = EXCLUDED.body"""

_DROP_STATES: Final = """
DELETE FROM states s USING unnest($1::text[], $2::text[], $3::text[]) AS gone (actor, tenant, key)
WHERE s.actor = gone.actor AND s.tenant = gone.tenant AND s.key = gone.key"""

_UNPARK: Final = "DELETE FROM nexus.dead_letters WHERE service = $1 AND message_id = ANY($2::uuid[])"

_RELEASE: Final = """
UPDATE nexus.dead_letters d SET released = true
FROM unnest($2::integer[], $3::text[], $4::text[]) AS r (partition, tenant, key)
WHERE d.service = $1 AND d.partition = r.partition AND d.tenant = r.tenant AND d.key = r.key"""

# A key that is parked again waits as a whole: what had been released with the one that failed does too.
_KEEP: Final = """
UPDATE nexus.dead_letters d SET released = false
FROM unnest($2::integer[], $3::text[], $4::text[]) AS k (partition, tenant, key)
WHERE d.service = $1 AND d.partition = k.partition AND d.tenant = k.tenant AND d.key = k.key AND d.released"""

# A message that was tried again and failed keeps its place: its order among those of its key is that of the first parking.
_PARK: Final = """
INSERT INTO nexus.dead_letters (service, message_id, partition, tenant, key, wire_type, stream, body, behind, error, attempts)
SELECT $1, p.message_id, p.partition, p.tenant, p.key, p.wire_type, p.stream, p.body, p.behind, p.error, p.attempts
FROM unnest(
    $2::uuid[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[], $9::boolean[], $10::text[],
    $11::integer[]
) WITH ORDINALITY AS p (message_id, partition, tenant, key, wire_type, stream, body, behind, error, attempts, place)
ORDER BY p.place
ON CONFLICT (service, message_id) DO UPDATE SET behind = false, error = EXCLUDED.error, attempts = EXCLUDED.attempts
    WHERE NOT EXCLUDED.behind"""


def columns(commit: Commit) -> list[Sequence[object] | None]:
    """The arguments of `COMMIT` after the service: one array per column."""
    fences = sorted(commit.fences.items())
    return [
        [number for number, _ in fences],
        [fence.generation for _, fence in fences],
        [fence.published_seq for _, fence in fences],
        [fence.safe_seq for _, fence in fences],
        [fence.history for _, fence in fences],
        list(commit.checkpoints),
        [position.ms for position in commit.checkpoints.values()],
        [position.seq for position in commit.checkpoints.values()],
        [row.message_id for row in commit.inbox],
        _given([row.fingerprint for row in commit.inbox]),
        _given([row.answer for row in commit.inbox]),
        [row.actor for row in commit.states],
        [row.tenant for row in commit.states],
        [row.key for row in commit.states],
        [row.body for row in commit.states],
        [row.partition for row in commit.outbox],
        [row.seq for row in commit.outbox],
        [row.stream for row in commit.outbox],
        [row.message_id for row in commit.outbox],
        [row.body for row in commit.outbox],
    ]


def _given(column: Sequence[object]) -> Sequence[object] | None:
    """A column; nothing where it is empty: events leave neither fingerprint nor answer, and what is sent costs for each row."""
    return column if any(value is not None for value in column) else None


def rare_statements(service: str, commit: Commit) -> list[tuple[str, list[object]]]:
    """Statements for what few turns leave behind: timers, dead letters, dropped states and jobs."""
    statements: list[tuple[str, list[object]]] = []
    if commit.timers_gone:
        statements.append((_DELETE_TIMERS, [list(column) for column in zip(*commit.timers_gone, strict=True)]))
    if commit.timers:
        for _, timer in commit.timers:
            check_instant(timer.due_at)
        last = {(timer.tenant, timer.key, timer.name): (number, timer) for number, timer in commit.timers}.values()
        timers = [(number, *astuple(timer)) for number, timer in last]
        statements.append((_SET_TIMERS, [list(column) for column in zip(*timers, strict=True)]))
    if commit.unparked:
        statements.append((_UNPARK, [service, commit.unparked]))
    if commit.released:
        statements.append((_RELEASE, [service, *_keys(commit.released)]))
    if commit.parked:
        keys = {(row.partition, row.identity) for row in commit.parked if row.key}
        statements.append((_KEEP, [service, *_keys(keys)]))
        rows = {row.message_id: row for row in reversed(commit.parked)}
        statements.append((_PARK, [service, *(list(column) for column in zip(*reversed(rows.values()), strict=True))]))
    if commit.states_gone:
        statements.append((_DROP_STATES, [list(column) for column in zip(*commit.states_gone, strict=True)]))
    if commit.jobs:
        jobs = map(astuple, commit.jobs)
        statements.append((START, [service, *(list(column) for column in zip(*jobs, strict=True))]))
    if commit.cancelled:
        cancelled = map(astuple, commit.cancelled)
        statements.append((CANCEL, [service, *(list(column) for column in zip(*cancelled, strict=True))]))
    return statements


def _keys(keys: Collection[tuple[int, Identity]]) -> list[list[object]]:
    """Partitions, tenants and keys, each as a column."""
    rows = [(partition, *identity) for partition, identity in keys]
    return [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
