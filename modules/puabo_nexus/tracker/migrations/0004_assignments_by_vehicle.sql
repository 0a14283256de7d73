-- A delivery may pass from one vehicle to another. Each vehicle's assignment is a row of its own, written in its own turns.

ALTER TABLE assignments DROP CONSTRAINT assignments_pkey;
ALTER TABLE assignments ADD PRIMARY KEY (tenant, delivery_id, vehicle_id);
