-- How far each outbox has been published so long ago that the streams cannot have lost it any more, and the history of the
-- streams that all marks and checkpoints of the partition belong to. When the streams come back under another history, the
-- owner publishes again from there, and reads a little of what it has read; also when it was down itself meanwhile.
ALTER TABLE leases
    ADD COLUMN safe_seq bigint NOT NULL DEFAULT 0,
    ADD COLUMN history  text   NOT NULL DEFAULT '';
