-- What was measured of a stretch since the checkpoint before: with it, a late fix leaves the parts beyond it as they are, and the
-- length of a trip is a sum. NULL where an earlier release wrote the checkpoint: it measured the whole stretch, in the track alone.

ALTER TABLE checkpoints
    ADD COLUMN length_m double precision,
    ADD COLUMN top_mps double precision,
    ADD COLUMN whole boolean NOT NULL DEFAULT true;
