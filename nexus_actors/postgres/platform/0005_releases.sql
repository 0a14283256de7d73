-- Which events the releases of a service handle, by a mark of them all. An owner of an older release holds back what a newer one
-- handles and it does not. A release is newer where it was first seen later; one that comes back is as old as it was.
CREATE TABLE releases (
    service       text        NOT NULL,
    mark          text        NOT NULL,
    events        text[]      NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (service, mark)
);

-- Keys that wait without being to blame, as the workers that hold them see it.
CREATE TABLE waiting (
    service   text        NOT NULL,
    worker_id text        NOT NULL,
    keys      integer     NOT NULL,
    since     timestamptz NOT NULL,
    wire_type text        NOT NULL,
    reason    text        NOT NULL,
    PRIMARY KEY (service, worker_id)
);
