-- A delivery may pass from one vehicle or driver to another, and back. Each time is a row of its own, written in its vehicle's turns.

ALTER TABLE assignments DROP CONSTRAINT assignments_pkey;
ALTER TABLE assignments ADD PRIMARY KEY (tenant, delivery_id, vehicle_id, driver_id, assigned_at);
