-- No constraint: a turn that takes effect twice is to be seen.
CREATE TABLE calls (
    line   text NOT NULL,
    number integer NOT NULL
);
