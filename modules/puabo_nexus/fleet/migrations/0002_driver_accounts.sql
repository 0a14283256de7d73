-- The account that a driver logs in with. An account is one active driver's at a time.

ALTER TABLE drivers ADD COLUMN user_id uuid;

CREATE UNIQUE INDEX drivers_user ON drivers (tenant, user_id) WHERE status = 'active';
