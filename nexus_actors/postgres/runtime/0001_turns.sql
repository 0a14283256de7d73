-- What every service keeps so that nothing is lost or done twice.

-- Messages that have been handled, with their answers. A UUIDv7 begins with its time, so ranges of ids are ranges of time,
-- and old ones go by dropping a partition. Ids without a time (from an Idempotency-Key) sort last and fall into the default one.
CREATE TABLE inbox (
    message_id  uuid        NOT NULL,
    fingerprint text,
    answer      bytea,
    handled_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (message_id)
) PARTITION BY RANGE (message_id);
CREATE TABLE inbox_other PARTITION OF inbox DEFAULT;

-- Messages that turns have published: written once, kept past publishing, dropped by the day.
CREATE TABLE outbox (
    partition    integer     NOT NULL,
    seq          bigint      NOT NULL,
    stream       text        NOT NULL,
    message_id   uuid        NOT NULL,
    body         bytea       NOT NULL,
    committed_at timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (committed_at);
CREATE TABLE outbox_other PARTITION OF outbox DEFAULT;
CREATE INDEX outbox_by_seq ON outbox (partition, seq);

CREATE TABLE states (
    actor text  NOT NULL,
    key   text  NOT NULL,
    body  bytea NOT NULL, -- JSON
    PRIMARY KEY (actor, key)
) WITH (fillfactor = 70);

CREATE TABLE timers (
    partition  integer     NOT NULL,
    key        text        NOT NULL,
    name       text        NOT NULL,
    due_at     timestamptz NOT NULL,
    message_id uuid        NOT NULL,
    body       bytea       NOT NULL,
    PRIMARY KEY (key, name)
);
CREATE INDEX timers_by_due ON timers (partition, due_at);

-- One call writes all that a batch of turns leaves behind: one round trip, and one transaction where handlers wrote nothing.
-- The leases come first, in order, and stay locked to the end: a take-over waits for a commit under way, and a commit under an
-- old generation fails.
CREATE FUNCTION commit_turns(
    p_service text,
    p_partitions integer[], p_generations bigint[], p_published bigint[],
    p_streams text[], p_ms bigint[], p_seqs bigint[],
    p_inbox_ids uuid[], p_fingerprints text[], p_answers bytea[],
    p_actors text[], p_keys text[], p_states bytea[],
    p_outbox_partitions integer[], p_outbox_seqs bigint[], p_outbox_streams text[], p_outbox_ids uuid[], p_outbox_bodies bytea[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    current_ones integer;
BEGIN
    SELECT count(*) INTO current_ones FROM (
        SELECT 1 FROM nexus.leases l JOIN unnest(p_partitions, p_generations) AS f (partition, generation)
            ON l.partition = f.partition AND l.generation = f.generation
        WHERE l.service = p_service ORDER BY l.partition FOR UPDATE OF l
    ) AS held;
    IF current_ones <> cardinality(p_partitions) THEN
        RAISE EXCEPTION 'a partition of % has another owner now', p_service USING ERRCODE = 'NX001';
    END IF;
    UPDATE nexus.leases l SET published_seq = f.published
        FROM unnest(p_partitions, p_published) AS f (partition, published)
        WHERE l.service = p_service AND l.partition = f.partition AND l.published_seq <> f.published;
    IF cardinality(p_streams) > 0 THEN
        INSERT INTO nexus.checkpoints (service, stream, ms, seq)
            SELECT p_service, c.* FROM unnest(p_streams, p_ms, p_seqs) AS c
            ON CONFLICT (service, stream) DO UPDATE SET ms = EXCLUDED.ms, seq = EXCLUDED.seq;
    END IF;
    IF cardinality(p_inbox_ids) > 0 THEN
        INSERT INTO inbox (message_id, fingerprint, answer) SELECT * FROM unnest(p_inbox_ids, p_fingerprints, p_answers);
    END IF;
    IF cardinality(p_actors) > 0 THEN
        INSERT INTO states (actor, key, body) SELECT * FROM unnest(p_actors, p_keys, p_states)
            ON CONFLICT (actor, key) DO UPDATE SET body = EXCLUDED.body;
    END IF;
    IF cardinality(p_outbox_seqs) > 0 THEN
        INSERT INTO outbox (partition, seq, stream, message_id, body)
            SELECT * FROM unnest(p_outbox_partitions, p_outbox_seqs, p_outbox_streams, p_outbox_ids, p_outbox_bodies);
    END IF;
END $$;
