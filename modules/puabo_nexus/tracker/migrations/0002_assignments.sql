-- Who may report for a vehicle without being a dispatcher: the driver to whom the fleet has given a delivery with it.

CREATE TABLE drivers (
    tenant text NOT NULL,
    driver_id uuid NOT NULL,
    user_id uuid NOT NULL,       -- the account that the driver logs in with
    PRIMARY KEY (tenant, driver_id)
);

CREATE TABLE assignments (
    tenant text NOT NULL,
    delivery_id uuid NOT NULL,
    vehicle_id uuid NOT NULL,
    driver_id uuid NOT NULL,
    ended_at timestamptz,        -- NULL: under way
    PRIMARY KEY (tenant, delivery_id)
);

CREATE INDEX assignments_by_vehicle ON assignments (tenant, vehicle_id);
