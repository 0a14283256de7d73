-- Dead letters are looked at in the order of parking, and of very many mostly those that failed themselves.
CREATE INDEX dead_letters_in_order ON dead_letters (ordinal);
CREATE INDEX dead_letters_failed ON dead_letters (ordinal) WHERE NOT behind AND NOT released;
