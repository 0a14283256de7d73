-- What a device tells of itself and of the vehicle beside its position.
ALTER TABLE positions
    ADD COLUMN battery_pct double precision, ADD COLUMN charging boolean, ADD COLUMN ignition boolean;
ALTER TABLE quarantine
    ADD COLUMN battery_pct double precision, ADD COLUMN charging boolean, ADD COLUMN ignition boolean;

-- The newest report of a vehicle's device that brought no position: a sign of life, or one that cannot be right.
CREATE TABLE heard (
    tenant text NOT NULL,
    vehicle_id uuid NOT NULL,
    heard_at timestamptz NOT NULL,
    reasons text[] NOT NULL,
    battery_pct double precision,
    charging boolean,
    ignition boolean,
    PRIMARY KEY (tenant, vehicle_id)
);

-- Drivers report for the time of their assignment. Of an assignment that was made before this, or by a worker of the release before,
-- no more is known than that it was.
ALTER TABLE assignments ADD COLUMN assigned_at timestamptz NOT NULL DEFAULT now() - interval '1 day';

-- What is believed of a vehicle, where somebody has said it.
CREATE TABLE limits (
    tenant text NOT NULL,
    vehicle_id uuid NOT NULL,
    max_speed_mps double precision,
    PRIMARY KEY (tenant, vehicle_id)
);
