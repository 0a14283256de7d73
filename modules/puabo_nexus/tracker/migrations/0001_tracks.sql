-- What tracker-ms keeps: vehicles as the fleet announced them, their fixes, and the trips that were cut from these.

CREATE TABLE vehicles (
    vehicle_id uuid PRIMARY KEY,
    tenant text NOT NULL,
    plate text NOT NULL,
    device_id text,
    key_hash text,               -- SHA-256 of the key that its device reports with, in hex
    retired_at timestamptz
);

CREATE UNIQUE INDEX vehicles_by_key ON vehicles (key_hash) WHERE key_hash IS NOT NULL;

-- The primary key is both: no instant twice, and the history of a vehicle in order.
CREATE TABLE positions (
    vehicle_id uuid NOT NULL,
    fix_at timestamptz NOT NULL,
    tenant text NOT NULL,
    received_at timestamptz NOT NULL,
    lat double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
    lon double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
    altitude_m double precision,
    speed_mps double precision,
    heading_deg double precision,
    accuracy_m double precision,
    PRIMARY KEY (vehicle_id, fix_at)
);

-- Fixes that cannot be right. The same one sent again is the same one.
CREATE TABLE quarantine (
    vehicle_id uuid NOT NULL,
    fix_at timestamptz NOT NULL,
    lat double precision NOT NULL,
    lon double precision NOT NULL,
    tenant text NOT NULL,
    received_at timestamptz NOT NULL,
    altitude_m double precision,
    speed_mps double precision,
    heading_deg double precision,
    accuracy_m double precision,
    reasons text[] NOT NULL,
    entry bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (vehicle_id, fix_at, lat, lon)
);

CREATE INDEX quarantine_by_entry ON quarantine (tenant, entry DESC);

CREATE TABLE trips (
    trip_id uuid PRIMARY KEY,
    tenant text NOT NULL,
    vehicle_id uuid NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    start_lat double precision NOT NULL,
    start_lon double precision NOT NULL,
    end_lat double precision NOT NULL,
    end_lon double precision NOT NULL,
    distance_m double precision NOT NULL CHECK (distance_m >= 0),
    duration_s double precision NOT NULL CHECK (duration_s >= 0),
    max_speed_mps double precision NOT NULL,
    average_speed_mps double precision NOT NULL,
    end_reason text CHECK (end_reason IN ('stop', 'gap', 'silence', 'request')),
    version bigint NOT NULL,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);

CREATE INDEX trips_by_vehicle ON trips (vehicle_id, started_at);
CREATE INDEX trips_by_tenant ON trips (tenant, started_at DESC, trip_id DESC);

-- Where a trip was ended by request: the track begins anew there, also when it is cut again.
CREATE TABLE cuts (
    vehicle_id uuid NOT NULL,
    cut_at timestamptz NOT NULL,
    tenant text NOT NULL,
    PRIMARY KEY (vehicle_id, cut_at)
);

-- The state of the segmentation after the fix of that instant, so that a late fix costs a part of the history, not all of it.
CREATE TABLE checkpoints (
    vehicle_id uuid NOT NULL,
    at timestamptz NOT NULL,
    tenant text NOT NULL,
    track bytea NOT NULL,        -- msgspec JSON of Track
    PRIMARY KEY (vehicle_id, at)
);
