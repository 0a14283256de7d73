ALTER TABLE tenants
    ADD COLUMN status  text    NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed')),
    ADD COLUMN version integer NOT NULL DEFAULT 1;
