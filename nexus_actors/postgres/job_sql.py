"""The statements of the job store. Where one locks several jobs, it does so in the order of their ids."""

from typing import Final

START: Final = """
INSERT INTO nexus.jobs (job_id, service, kind, key, tenant, body)
SELECT j.job_id, $1, j.kind, j.key, j.tenant, j.body
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::bytea[]) AS j (job_id, kind, key, tenant, body)"""

CANCEL: Final = """
WITH wanted AS MATERIALIZED (
    SELECT j.job_id FROM nexus.jobs j JOIN unnest($2::uuid[], $3::text[], $4::text[]) AS w (job_id, tenant, key)
        ON j.job_id = w.job_id AND j.tenant = w.tenant AND j.key = w.key
    WHERE j.service = $1 AND j.status IN ('queued', 'running') ORDER BY j.job_id FOR UPDATE OF j
)
UPDATE nexus.jobs j SET cancel_requested = true FROM wanted WHERE j.job_id = wanted.job_id"""

CLAIM: Final = """
WITH first AS MATERIALIZED (
    SELECT due.job_id FROM unnest($2::text[]) WITH ORDINALITY AS wanted (service, place)
    CROSS JOIN LATERAL (
        SELECT j.job_id FROM nexus.jobs j
        WHERE j.service = wanted.service AND j.status = 'queued' AND j.kind = ANY($3::text[])
            AND (j.cancel_requested OR (j.not_before <= clock_timestamp() AND NOT $5))
        ORDER BY j.created_at, j.job_id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) AS due
    ORDER BY wanted.place LIMIT 1
)
UPDATE nexus.jobs j
SET status = 'running', owner = $1, generation = generation + 1, lease_until = clock_timestamp() + make_interval(secs => $4),
    fraction = 0, note = '',
    started_at = CASE WHEN cancel_requested THEN started_at ELSE coalesce(started_at, clock_timestamp()) END
FROM first WHERE j.job_id = first.job_id
RETURNING
    j.service, j.job_id, j.kind, j.key, j.tenant, j.body, j.generation, j.failures, j.losses, j.cancel_requested AS cancel"""

RENEW: Final = """
WITH kept AS MATERIALIZED (
    SELECT j.job_id, k.fraction, k.note FROM nexus.jobs j
    JOIN unnest($2::uuid[], $3::bigint[], $4::double precision[], $5::text[]) AS k (job_id, generation, fraction, note)
        ON j.job_id = k.job_id AND j.generation = k.generation
    WHERE j.owner = $1 AND j.status = 'running' ORDER BY j.job_id FOR UPDATE OF j
)
UPDATE nexus.jobs j SET lease_until = clock_timestamp() + make_interval(secs => $6), fraction = kept.fraction, note = kept.note
FROM kept WHERE j.job_id = kept.job_id
RETURNING j.job_id, j.cancel_requested"""

# It may be said twice, when the first answer got lost.
END: Final = """
UPDATE nexus.jobs
SET status = $3, error = $4, report = $5, reported = ($5::bytea IS NULL), owner = NULL,
    failures = greatest(failures, $7), fraction = CASE WHEN $3 = 'done' THEN 1 ELSE fraction END,
    ended_at = coalesce(ended_at, clock_timestamp()),
    report_at = CASE WHEN $5::bytea IS NULL THEN NULL ELSE clock_timestamp() + make_interval(secs => $6) END, report_wait_s = $6
WHERE job_id = $1 AND generation = $2 AND status IN ('running', $3) AND NOT reported
RETURNING true"""

AGAIN: Final = """
UPDATE nexus.jobs
SET status = 'queued', owner = NULL, failures = failures + 1, error = $4,
    not_before = clock_timestamp() + make_interval(secs => $3)
WHERE job_id = $1 AND generation = $2 AND status = 'running'
RETURNING true"""

HAND_BACK: Final = """
UPDATE nexus.jobs SET status = 'queued', owner = NULL,
    not_before = CASE WHEN $3 > 0 THEN clock_timestamp() + make_interval(secs => $3) ELSE '-infinity' END
WHERE job_id = $1 AND generation = $2 AND status = 'running'
RETURNING true"""

RECOVER: Final = """
WITH lost AS MATERIALIZED (
    SELECT job_id, owner FROM nexus.jobs
    WHERE status = 'running' AND lease_until < clock_timestamp() AND service = ANY($1::text[])
    ORDER BY job_id FOR UPDATE SKIP LOCKED
)
UPDATE nexus.jobs j SET status = 'queued', owner = NULL, losses = losses + 1, not_before = '-infinity'
FROM lost WHERE j.job_id = lost.job_id
RETURNING j.service, j.job_id, j.kind, lost.owner, j.losses"""

UNTOLD: Final = """
WITH due AS MATERIALIZED (
    SELECT job_id FROM nexus.jobs WHERE report_at <= clock_timestamp() AND service = ANY($1::text[])
    ORDER BY report_at LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE nexus.jobs j
SET report_wait_s = least($3, 2 * report_wait_s),
    report_at = clock_timestamp() + make_interval(secs => least($3, 2 * report_wait_s))
FROM due WHERE j.job_id = due.job_id
RETURNING j.service, j.job_id, j.key, j.report"""

LETTERS: Final = "SELECT message_id FROM nexus.dead_letters WHERE message_id = ANY($1::uuid[])"

TOLD: Final = """
WITH told AS MATERIALIZED (SELECT job_id FROM nexus.jobs WHERE job_id = ANY($1::uuid[]) ORDER BY job_id FOR UPDATE)
UPDATE nexus.jobs j SET reported = true, report_at = NULL FROM told WHERE j.job_id = told.job_id"""

QUEUED: Final = """
SELECT service, count(*) AS jobs FROM nexus.jobs WHERE status = 'queued' AND service = ANY($1::text[]) GROUP BY service"""

FORGET: Final = """
WITH gone AS (
    DELETE FROM nexus.jobs WHERE reported AND ended_at < clock_timestamp() - make_interval(secs => $1) RETURNING 1
)
SELECT count(*) FROM gone"""
