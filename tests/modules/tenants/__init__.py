"""Two tenants that use the same ids for everything, at every service."""
