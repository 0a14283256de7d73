CREATE TABLE handled (
    ordinal bigint GENERATED ALWAYS AS IDENTITY,
    reader  text   NOT NULL,
    account text   NOT NULL,
    number  bigint NOT NULL
);
