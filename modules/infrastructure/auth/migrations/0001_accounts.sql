CREATE TABLE tenants (
    tenant           text        PRIMARY KEY,
    open_to_sign_up  boolean     NOT NULL,
    administrator_id uuid        NOT NULL,
    created_at       timestamptz NOT NULL
);

-- address is the normal form of email, by which an account is found. sealed_password: an argon2id hash, encrypted.
CREATE TABLE accounts (
    user_id          uuid        PRIMARY KEY,
    tenant           text        NOT NULL,
    email            text        NOT NULL,
    address          text        NOT NULL,
    display_name     text        NOT NULL,
    status           text        NOT NULL CHECK (status IN ('active', 'suspended')),
    roles            text[]      NOT NULL,
    sealed_password  bytea       NOT NULL,
    password_version integer     NOT NULL,
    registered_at    timestamptz NOT NULL,
    version          integer     NOT NULL,
    UNIQUE (tenant, address)
);

CREATE INDEX accounts_by_tenant ON accounts (tenant, user_id);

-- What people are shown of their sessions. What decides on refresh tokens is the account's actor state.
CREATE TABLE sessions (
    user_id      uuid        NOT NULL,
    session_id   uuid        NOT NULL,
    tenant       text        NOT NULL,
    device       text        NOT NULL,
    place        text        NOT NULL,
    opened_at    timestamptz NOT NULL,
    renewed_at   timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    closed_at    timestamptz,
    close_reason text,
    PRIMARY KEY (user_id, session_id)
);

CREATE TABLE roles (
    tenant      text    NOT NULL,
    name        text    NOT NULL,
    description text    NOT NULL,
    scopes      text[]  NOT NULL,
    version     integer NOT NULL,
    PRIMARY KEY (tenant, name)
);

CREATE TABLE service_accounts (
    account_id        uuid        PRIMARY KEY,
    tenant            text        NOT NULL,
    name              text        NOT NULL,
    scopes            text[]      NOT NULL,
    status            text        NOT NULL CHECK (status IN ('active', 'disabled')),
    secret_version    integer     NOT NULL,
    secret_sha256     bytea       NOT NULL,
    old_secret_sha256 bytea,
    old_secret_until  timestamptz,
    created_at        timestamptz NOT NULL,
    version           integer     NOT NULL,
    UNIQUE (tenant, name)
);

-- The private halves of nexus.signing_keys, encrypted; a row goes when its key has retired.
CREATE TABLE private_keys (
    kid        text  PRIMARY KEY,
    sealed_key bytea NOT NULL
);
