-- Timers fire one of a key at a time, and a round looks at some of those that are due, behind where the last one has stopped: one
-- index has them in that order, the other one the earliest of a key. The first one serves whatever timers_by_due has served.
CREATE INDEX timers_in_order ON timers (partition, due_at, key, name);
CREATE INDEX timers_of_key ON timers (partition, key, due_at, name);
DROP INDEX timers_by_due;
