-- Written by auth-ms alone, read by every process of the platform when it starts.

CREATE TABLE IF NOT EXISTS nexus.signing_keys (
    kid          text        PRIMARY KEY,
    jwk          jsonb       NOT NULL,
    activates_at timestamptz NOT NULL,
    retires_at   timestamptz
);

CREATE TABLE IF NOT EXISTS nexus.revocations (
    kind       text        NOT NULL CHECK (kind IN ('token', 'session', 'subject', 'key')),
    value      text        NOT NULL,
    revoked_at timestamptz NOT NULL,
    not_after  timestamptz NOT NULL,
    PRIMARY KEY (kind, value)
);

CREATE INDEX IF NOT EXISTS revocations_by_end ON nexus.revocations (not_after);
