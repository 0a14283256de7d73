-- What the vehicles of the benchmark have reported, a row each.
CREATE TABLE fixes (
    vehicle     text             NOT NULL,
    lat         double precision NOT NULL,
    lon         double precision NOT NULL,
    reported_at timestamptz      NOT NULL
);
CREATE INDEX fixes_by_vehicle ON fixes (vehicle, reported_at);
