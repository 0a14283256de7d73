"""What auth-ms shows of accounts and roles.

It is read here. Actors of the platform write it: who signs up or logs in has no tenant yet, by which a table would find a row.
"""

from modules.infrastructure.auth.contract import Role, ServiceAccount, User
from nexus_actors.tables import Table

USERS = Table(User, "accounts", key="user_id", order=("user_id",))
"""Accounts of people, in the order of their registration."""

ROLES = Table(Role, "roles", key="name", order=("name",), computed={"built_in": "false"})
"""Roles that tenants have defined themselves."""

SERVICE_ACCOUNTS = Table(ServiceAccount, "service_accounts", key="account_id", order=("account_id",), noun="service_account")
"""Accounts of programs."""
