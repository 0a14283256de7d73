-- Shared by all services: who is alive, who owns which partition, how far each partition has been handled.

CREATE TABLE workers (
    worker_id  text        PRIMARY KEY,
    host       text        NOT NULL,
    pid        integer     NOT NULL,
    version    text        NOT NULL,
    services   text[]      NOT NULL,
    draining   boolean     NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL
);

-- The generation only grows: a turn is committed only under the current one. It lives here and not in Redis, which may lose
-- its last second.
CREATE TABLE leases (
    service       text        NOT NULL,
    partition     integer     NOT NULL,
    owner         text,
    generation    bigint      NOT NULL DEFAULT 0,
    expires_at    timestamptz NOT NULL DEFAULT '-infinity',
    published_seq bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (service, partition)
) WITH (fillfactor = 50);

-- Everything of a stream up to the position has been handled by the service.
CREATE TABLE checkpoints (
    service text   NOT NULL,
    stream  text   NOT NULL,
    ms      bigint NOT NULL,
    seq     bigint NOT NULL,
    PRIMARY KEY (service, stream)
) WITH (fillfactor = 50);

CREATE TABLE dead_letters (
    service    text        NOT NULL,
    message_id uuid        NOT NULL,
    ordinal    bigint      GENERATED ALWAYS AS IDENTITY,
    partition  integer     NOT NULL,
    key        text        NOT NULL,
    wire_type  text        NOT NULL,
    stream     text        NOT NULL,
    body       bytea       NOT NULL,
    behind     boolean     NOT NULL,
    released   boolean     NOT NULL DEFAULT false,
    error      text        NOT NULL,
    attempts   integer     NOT NULL,
    parked_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (service, message_id)
);

CREATE INDEX dead_letters_by_key ON dead_letters (service, partition, key, ordinal);
