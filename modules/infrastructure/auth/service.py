"""auth-ms, tied together."""

from modules.catalogue import entry
from modules.infrastructure.auth.actors.account import AccountActor
from modules.infrastructure.auth.actors.address_book import AddressBookActor
from modules.infrastructure.auth.actors.key_ring import KeyRingActor
from modules.infrastructure.auth.actors.revoked_token import RevokedTokenActor
from modules.infrastructure.auth.actors.service_account import ServiceAccountActor
from modules.infrastructure.auth.actors.tenant import TenantActor
from modules.infrastructure.auth.contract import AUTH
from modules.infrastructure.auth.desk import desk_of
from modules.infrastructure.auth.routes import keys, me, oauth, roles, service_accounts, sign_in, tenants, users
from nexus_actors import Service

service = Service(
    entry("auth-ms"),
    topic=AUTH,
    actors=[AccountActor, TenantActor, ServiceAccountActor, KeyRingActor, RevokedTokenActor, AddressBookActor],
    routes=[
        sign_in.routes,
        oauth.routes,
        me.routes,
        users.routes,
        tenants.routes,
        roles.routes,
        service_accounts.routes,
        keys.routes,
    ],
    deps=desk_of,
)
