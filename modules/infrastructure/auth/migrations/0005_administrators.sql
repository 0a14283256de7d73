-- Whether a tenant keeps an administrator is asked where one is erased.
CREATE INDEX administrators ON accounts (tenant, user_id) WHERE 'admin' = ANY (roles);
