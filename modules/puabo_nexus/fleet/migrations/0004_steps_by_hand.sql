-- How long a vehicle must be at a place for having been there, until when people have said how far a delivery is, and when its vehicle
-- came to the drop-off place last. A release before this one writes none of them, and goes on beside it.

ALTER TABLE deliveries ADD COLUMN dwell_s integer NOT NULL DEFAULT 60;
ALTER TABLE deliveries ADD COLUMN by_hand_at timestamptz;
ALTER TABLE deliveries ADD COLUMN dropoff_at timestamptz;
