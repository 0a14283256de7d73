-- How long a vehicle must be at the pick-up place for having been there, and until when people have said how far a delivery is.
-- A release before this one writes neither, and goes on beside it.

ALTER TABLE deliveries ADD COLUMN dwell_s integer NOT NULL DEFAULT 60;
ALTER TABLE deliveries ADD COLUMN by_hand_at timestamptz;
