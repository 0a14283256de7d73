-- Metres of trips that were erased: the odometer keeps them when nothing else is left of a trip.
ALTER TABLE vehicles ADD COLUMN erased_m double precision NOT NULL DEFAULT 0;
