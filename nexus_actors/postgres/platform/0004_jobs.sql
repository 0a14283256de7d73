-- Long work outside the turn. A row begins with the turn that starts the job; while a worker does it, it holds a lease on it
-- under a generation that only grows, and whatever it writes of the job it writes only under that.
CREATE TABLE jobs (
    job_id           uuid             PRIMARY KEY,
    service          text             NOT NULL,
    kind             text             NOT NULL,
    key              text             NOT NULL,
    tenant           text             NOT NULL,
    body             bytea            NOT NULL,
    status           text             NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    owner            text,
    generation       bigint           NOT NULL DEFAULT 0,
    lease_until      timestamptz      NOT NULL DEFAULT '-infinity',
    not_before       timestamptz      NOT NULL DEFAULT '-infinity',
    failures         integer          NOT NULL DEFAULT 0,
    losses           integer          NOT NULL DEFAULT 0,
    fraction         double precision NOT NULL DEFAULT 0,
    note             text             NOT NULL DEFAULT '',
    error            text             NOT NULL DEFAULT '',
    cancel_requested boolean          NOT NULL DEFAULT false,
    -- What its actor is to be told of its end; told once the service's inbox or its dead letters have it, and not before:
    -- the streams may lose what they have confirmed.
    report           bytea,
    reported         boolean          NOT NULL DEFAULT false,
    report_at        timestamptz,
    report_wait_s    double precision NOT NULL DEFAULT 0,
    created_at       timestamptz      NOT NULL DEFAULT clock_timestamp(),
    started_at       timestamptz,
    ended_at         timestamptz
) WITH (fillfactor = 70);

CREATE INDEX jobs_queued ON jobs (service, created_at, job_id) WHERE status = 'queued';
CREATE INDEX jobs_running ON jobs (lease_until) WHERE status = 'running';
CREATE INDEX jobs_untold ON jobs (report_at) WHERE report_at IS NOT NULL;
CREATE INDEX jobs_told ON jobs (ended_at) WHERE reported;
