-- What became of numbered messages, in the order in which it did.
CREATE TABLE effects (
    ordinal bigint GENERATED ALWAYS AS IDENTITY,
    key     text   NOT NULL,
    number  bigint NOT NULL
);
