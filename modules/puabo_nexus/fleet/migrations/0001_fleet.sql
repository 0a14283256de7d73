-- Vehicles, drivers and deliveries. Every row belongs to a tenant, and two tenants share nothing.
--
-- Who writes what: a row of vehicles, drivers or deliveries is written in the turns of its own actor alone, and a vehicle's or
-- driver's row is also locked where a delivery binds or frees it. Locks are taken in the order vehicle, driver.

CREATE TABLE vehicles (
    tenant text NOT NULL,
    vehicle_id uuid NOT NULL,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'retired')),
    plate text NOT NULL,
    vin text,
    device_id text,
    -- The trip that it is on, by the tracker. NULL: it stands.
    trip_id uuid,
    odometer_m bigint NOT NULL DEFAULT 0,
    registered_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant, vehicle_id)
);

-- A plate and a device pass on to another vehicle when theirs is retired.
CREATE UNIQUE INDEX vehicles_plate ON vehicles (tenant, plate) WHERE status = 'active';
CREATE UNIQUE INDEX vehicles_device ON vehicles (tenant, device_id) WHERE status = 'active';
CREATE INDEX vehicles_by_age ON vehicles (tenant, registered_at, vehicle_id);

-- The metres of each ended trip as they stand in its vehicle's odometer, so that a trip told again counts once.
CREATE TABLE counted_trips (
    tenant text NOT NULL,
    vehicle_id uuid NOT NULL,
    trip_id uuid NOT NULL,
    distance_m bigint NOT NULL CHECK (distance_m >= 0),
    PRIMARY KEY (tenant, vehicle_id, trip_id),
    FOREIGN KEY (tenant, vehicle_id) REFERENCES vehicles
);

CREATE TABLE drivers (
    tenant text NOT NULL,
    driver_id uuid NOT NULL,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'retired')),
    name text NOT NULL,
    phone text,
    licence_number text,
    registered_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant, driver_id)
);

CREATE INDEX drivers_by_age ON drivers (tenant, registered_at, driver_id);

CREATE TABLE deliveries (
    tenant text NOT NULL,
    delivery_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('requested', 'assigned', 'at_pickup', 'picked_up', 'delivered', 'cancelled')),
    pickup_name text NOT NULL,
    pickup_lat double precision NOT NULL,
    pickup_lon double precision NOT NULL,
    pickup_radius_m integer NOT NULL,
    dropoff_name text NOT NULL,
    dropoff_lat double precision NOT NULL,
    dropoff_lon double precision NOT NULL,
    dropoff_radius_m integer NOT NULL,
    vehicle_id uuid,
    driver_id uuid,
    requested_at timestamptz NOT NULL,
    assigned_at timestamptz,
    arrived_at timestamptz,
    picked_up_at timestamptz,
    delivered_at timestamptz,
    cancelled_at timestamptz,
    cancel_reason text,
    -- The instant of the last crossing that moved it on.
    crossed_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant, delivery_id),
    FOREIGN KEY (tenant, vehicle_id) REFERENCES vehicles,
    FOREIGN KEY (tenant, driver_id) REFERENCES drivers,
    CHECK ((vehicle_id IS NULL) = (driver_id IS NULL)),
    CHECK (status NOT IN ('assigned', 'at_pickup', 'picked_up', 'delivered') OR vehicle_id IS NOT NULL)
);

CREATE INDEX deliveries_by_age ON deliveries (tenant, requested_at, delivery_id);
CREATE INDEX deliveries_by_status ON deliveries (tenant, status, requested_at, delivery_id);
CREATE INDEX deliveries_by_vehicle ON deliveries (tenant, vehicle_id, requested_at, delivery_id);
CREATE INDEX deliveries_by_driver ON deliveries (tenant, driver_id, requested_at, delivery_id);
CREATE INDEX deliveries_under_way ON deliveries (tenant, vehicle_id) WHERE status IN ('assigned', 'at_pickup', 'picked_up');

-- Who drives what while deliveries are under way: a driver drives one vehicle, a vehicle has one driver. The pair stays
-- together from the first delivery that is assigned to it to the end of the last.
CREATE TABLE engagements (
    tenant text NOT NULL,
    vehicle_id uuid NOT NULL,
    driver_id uuid NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (tenant, vehicle_id),
    UNIQUE (tenant, driver_id),
    FOREIGN KEY (tenant, vehicle_id) REFERENCES vehicles,
    FOREIGN KEY (tenant, driver_id) REFERENCES drivers
);

CREATE TABLE delivery_timeline (
    tenant text NOT NULL,
    delivery_id uuid NOT NULL,
    seq integer NOT NULL,
    kind text NOT NULL,
    happened_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    caused_by text,
    detail text,
    PRIMARY KEY (tenant, delivery_id, seq),
    FOREIGN KEY (tenant, delivery_id) REFERENCES deliveries
);
