-- A vehicle is one of its tenant: two tenants may give theirs the same id.
ALTER TABLE vehicles DROP CONSTRAINT vehicles_pkey, ADD PRIMARY KEY (tenant, vehicle_id);
ALTER TABLE positions DROP CONSTRAINT positions_pkey, ADD PRIMARY KEY (tenant, vehicle_id, fix_at);
ALTER TABLE quarantine DROP CONSTRAINT quarantine_pkey, ADD PRIMARY KEY (tenant, vehicle_id, fix_at, lat, lon);
ALTER TABLE trips DROP CONSTRAINT trips_pkey, ADD PRIMARY KEY (tenant, trip_id);
ALTER TABLE cuts DROP CONSTRAINT cuts_pkey, ADD PRIMARY KEY (tenant, vehicle_id, cut_at);
ALTER TABLE checkpoints DROP CONSTRAINT checkpoints_pkey, ADD PRIMARY KEY (tenant, vehicle_id, at);

DROP INDEX trips_by_vehicle;
CREATE INDEX trips_by_vehicle ON trips (tenant, vehicle_id, started_at);
