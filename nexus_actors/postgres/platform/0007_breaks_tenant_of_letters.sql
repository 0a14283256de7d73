-- Whose a dead letter is: tenants that use the same key are not parked together. Earlier releases know no tenant in the identity
-- of an actor, so none may work beside this one.
DO $$
DECLARE
    up integer;
BEGIN
    SELECT count(*) INTO up FROM nexus.workers WHERE seen_at > clock_timestamp() - interval '15 seconds';
    IF up > 0 THEN
        RAISE EXCEPTION 'workers of an earlier release are up, or were 15 seconds ago (%). Stop them all, then start this release', up
            USING ERRCODE = 'NX002';
    END IF;
END $$;

-- The envelope says whose a message is, where it is one and says so. What has no key has no tenant.
CREATE FUNCTION tenant_of(body bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found jsonb;
BEGIN
    found := convert_from(body, 'UTF8')::jsonb -> 'tenant';
    RETURN coalesce(CASE WHEN jsonb_typeof(found) = 'string' THEN nullif(found #>> '{}', '') END, 'main');
EXCEPTION WHEN OTHERS THEN
    RETURN 'main';
END $$;

ALTER TABLE dead_letters ADD COLUMN tenant text NOT NULL DEFAULT '';
UPDATE dead_letters SET tenant = tenant_of(body) WHERE key <> '';
ALTER TABLE dead_letters ALTER COLUMN tenant DROP DEFAULT;
DROP FUNCTION tenant_of;

DROP INDEX dead_letters_by_key;
CREATE INDEX dead_letters_by_key ON dead_letters (service, partition, tenant, key, ordinal);
