-- Without unique keys: a turn that takes effect twice is to be seen, not to be prevented here.
CREATE TABLE entries (
    ordinal   bigint GENERATED ALWAYS AS IDENTITY,
    account   text   NOT NULL,
    number    bigint NOT NULL,
    operation uuid   NOT NULL,
    amount    bigint NOT NULL
);

CREATE TABLE audits (
    account text   NOT NULL,
    number  bigint NOT NULL
);
