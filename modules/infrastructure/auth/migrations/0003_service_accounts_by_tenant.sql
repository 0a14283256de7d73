-- Their list is read tenant by tenant, in the order of their ids.
CREATE INDEX service_accounts_by_tenant ON service_accounts (tenant, account_id);
