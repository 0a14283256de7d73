-- Live positions, geofences, and who crossed them when. Every row belongs to a tenant, and two tenants share nothing.
--
-- Who writes what: rows of geofences are written in the turns of their own actor, rows of all other tables in the turns of the
-- vehicle that they name. So no two turns wait for each other's rows.

CREATE TABLE live_positions (
    tenant text NOT NULL,
    vehicle_id uuid NOT NULL,
    fix_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    lat double precision NOT NULL,
    lon double precision NOT NULL,
    altitude_m double precision,
    speed_mps double precision,
    heading_deg double precision,
    accuracy_m double precision,
    -- The square of a tenth of a degree that it is in. The position itself has no index: nearly every update changes it, but
    -- not its cell, and so nearly every update stays within its page (HOT).
    cell integer NOT NULL,
    PRIMARY KEY (tenant, vehicle_id)
) WITH (fillfactor = 70);

CREATE INDEX live_positions_by_cell ON live_positions (tenant, cell);

CREATE TABLE geofences (
    tenant text NOT NULL,
    geofence_id uuid NOT NULL,
    version integer NOT NULL DEFAULT 1,
    name text NOT NULL,
    -- Circle, Polygon or MultiPolygon, checked and put in order. As json, so that it is read back digit for digit.
    shape json NOT NULL,
    -- Bounds in degrees, longitude first; the western edge is in -180..180, the eastern one lies beyond 180 where the fence
    -- crosses the antimeridian.
    area box NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, geofence_id)
);

CREATE INDEX geofences_by_area ON geofences USING gist (area);

-- Who counts as inside what, as of each vehicle's last fix. A fence that has been deleted since goes at the next fix.
CREATE TABLE occupancy (
    tenant text NOT NULL,
    geofence_id uuid NOT NULL,
    vehicle_id uuid NOT NULL,
    geofence_version integer NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (tenant, geofence_id, vehicle_id)
);

CREATE INDEX occupancy_by_vehicle ON occupancy (tenant, vehicle_id);

-- The places that vehicles are watched for, while their deliveries are under way.
CREATE TABLE delivery_places (
    tenant text NOT NULL,
    vehicle_id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    place text NOT NULL CHECK (place IN ('pickup', 'dropoff')),
    name text NOT NULL,
    lat double precision NOT NULL,
    lon double precision NOT NULL,
    radius_m double precision NOT NULL,
    PRIMARY KEY (tenant, vehicle_id, delivery_id, place)
);

CREATE TABLE crossings (
    tenant text NOT NULL,
    -- In the order of recording: what several crossings of one instant are ordered by.
    seq bigint GENERATED ALWAYS AS IDENTITY,
    vehicle_id uuid NOT NULL,
    geofence_id uuid,
    geofence_version integer,
    delivery_id uuid,
    place text CHECK (place IN ('pickup', 'dropoff')),
    name text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('entered', 'exited')),
    cause text NOT NULL CHECK (cause IN ('crossed', 'found', 'fence_changed', 'fence_deleted', 'retired')),
    crossed_at timestamptz NOT NULL,
    lat double precision NOT NULL,
    lon double precision NOT NULL,
    fix_at timestamptz NOT NULL,
    PRIMARY KEY (seq),
    -- Of a geofence, or of a place of a delivery.
    CHECK ((geofence_id IS NULL) <> (delivery_id IS NULL)),
    CHECK ((geofence_id IS NULL) = (geofence_version IS NULL)),
    CHECK ((delivery_id IS NULL) = (place IS NULL))
);

CREATE INDEX crossings_by_time ON crossings (tenant, crossed_at, seq);
CREATE INDEX crossings_by_vehicle ON crossings (tenant, vehicle_id, crossed_at, seq);
CREATE INDEX crossings_by_geofence ON crossings (tenant, geofence_id, crossed_at, seq) WHERE geofence_id IS NOT NULL;
CREATE INDEX crossings_by_delivery ON crossings (tenant, delivery_id, crossed_at, seq) WHERE delivery_id IS NOT NULL;
