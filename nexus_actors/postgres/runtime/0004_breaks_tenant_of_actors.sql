-- The tenant is part of who an actor is: tenants that use the same key share no state and no timer. Earlier releases cannot work
-- with this; see the platform's 0007.
--
-- Old rows do not say whose they are. A state is that of the tenant in its JSON, a timer that of the one in its envelope; where
-- there is none it is that of main. Services whose actors are of the platform itself say so in a migration of their own.
CREATE FUNCTION tenant_of(body bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found jsonb;
BEGIN
    found := convert_from(body, 'UTF8')::jsonb -> 'tenant';
    RETURN coalesce(CASE WHEN jsonb_typeof(found) = 'string' THEN nullif(found #>> '{}', '') END, 'main');
EXCEPTION WHEN OTHERS THEN
    RETURN 'main';
END $$;

ALTER TABLE states ADD COLUMN tenant text NOT NULL DEFAULT 'main';
UPDATE states SET tenant = tenant_of(body);
ALTER TABLE states ALTER COLUMN tenant DROP DEFAULT, DROP CONSTRAINT states_pkey, ADD PRIMARY KEY (actor, tenant, key);

ALTER TABLE timers ADD COLUMN tenant text NOT NULL DEFAULT 'main';
UPDATE timers SET tenant = tenant_of(body);
ALTER TABLE timers ALTER COLUMN tenant DROP DEFAULT, DROP CONSTRAINT timers_pkey, ADD PRIMARY KEY (tenant, key, name);
DROP FUNCTION tenant_of;

DROP INDEX timers_in_order, timers_of_key;
CREATE INDEX timers_in_order ON timers (partition, due_at, tenant, key, name);
CREATE INDEX timers_of_actor ON timers (partition, tenant, key, due_at, name);

DROP FUNCTION commit_turns(
    text, integer[], bigint[], bigint[], bigint[], text[], text[], bigint[], bigint[], uuid[], text[], bytea[],
    text[], text[], bytea[], integer[], bigint[], text[], uuid[], bytea[]
);

-- One call writes all that a batch of turns leaves behind: one round trip, and one transaction where handlers wrote nothing.
-- The leases come first, in order, and stay locked to the end: a take-over waits for a commit under way, and a commit under an
-- old generation fails.
CREATE FUNCTION commit_turns(
    p_service text,
    p_partitions integer[], p_generations bigint[], p_published bigint[], p_safe bigint[], p_histories text[],
    p_streams text[], p_ms bigint[], p_seqs bigint[],
    p_inbox_ids uuid[], p_fingerprints text[], p_answers bytea[],
    p_actors text[], p_tenants text[], p_keys text[], p_states bytea[],
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
    UPDATE nexus.leases l SET published_seq = f.published, safe_seq = f.safe, history = f.history
        FROM unnest(p_partitions, p_published, p_safe, p_histories) AS f (partition, published, safe, history)
        WHERE l.service = p_service AND l.partition = f.partition
            AND (l.published_seq <> f.published OR l.safe_seq <> f.safe OR l.history <> f.history);
    IF cardinality(p_streams) > 0 THEN
        INSERT INTO nexus.checkpoints (service, stream, ms, seq)
            SELECT p_service, c.* FROM unnest(p_streams, p_ms, p_seqs) AS c
            ON CONFLICT (service, stream) DO UPDATE SET ms = EXCLUDED.ms, seq = EXCLUDED.seq;
    END IF;
    IF cardinality(p_inbox_ids) > 0 THEN
        INSERT INTO inbox (message_id, fingerprint, answer) SELECT * FROM unnest(p_inbox_ids, p_fingerprints, p_answers);
    END IF;
    IF cardinality(p_actors) > 0 THEN
        INSERT INTO states (actor, tenant, key, body) SELECT * FROM unnest(p_actors, p_tenants, p_keys, p_states)
            ON CONFLICT (actor, tenant, key) DO UPDATE SET body = EXCLUDED.body;
    END IF;
    IF cardinality(p_outbox_seqs) > 0 THEN
        INSERT INTO outbox (partition, seq, stream, message_id, body)
            SELECT * FROM unnest(p_outbox_partitions, p_outbox_seqs, p_outbox_streams, p_outbox_ids, p_outbox_bodies);
    END IF;
END $$;
