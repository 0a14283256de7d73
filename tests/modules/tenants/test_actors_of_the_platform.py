"""Services whose actors are of the platform itself check whose affair it is: one tenant gets at nothing of another's."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import pytest

from bus import Command, Message, Refusal
from modules.infrastructure.auth import contract as auth
from modules.infrastructure.auth.service import service as auth_ms
from modules.puabo_os.service import service as puabo_os
from nexus_actors.http.route import Route
from nexus_actors.platform.loading import load_catalogue, load_service
from nexus_actors.testing import TestPlatform, open_platform

pytestmark = pytest.mark.anyio

SERVICES: Final = (auth_ms, puabo_os)
RUBY: Final = "RUBY"
USER, ACCOUNT, ZORA = UUID(int=1), UUID(int=2), UUID(int=9)
SECRET: Final = b"s" * 32

OF_CALLERS: Final[tuple[Command[Any], ...]] = (
    auth.AssignRoles(user_id=USER, roles=("member",)),
    auth.ChangeEmail(user_id=USER, email="a@example.org", address="a@example.org"),
    auth.ChangeOwnEmail(user_id=USER, email="a@example.org", address="a@example.org", password_version=1, place=""),
    auth.ChangePassword(user_id=USER, password_version=1, sealed_password=b"x", place="", keep_session=None),
    auth.EraseOwnAccount(user_id=USER, password_version=1, place=""),
    auth.EraseUser(user_id=USER),
    auth.ResetPassword(user_id=USER, tenant="blue", sealed_password=b"x", temporary_until=datetime(2100, 1, 1, tzinfo=UTC)),
    auth.UnlockUser(user_id=USER),
    auth.RestoreUser(user_id=USER),
    auth.RevokeUserTokens(user_id=USER),
    auth.SuspendUser(user_id=USER),
    auth.DefineRole(tenant="red", name="guest", description="", scopes=("fleet:read",)),
    auth.CreateServiceAccount(account_id=UUID(int=3), tenant="red", name="robot", scopes=(), secret_sha256=SECRET),
    auth.DisableServiceAccount(account_id=ACCOUNT),
    auth.RotateServiceSecret(account_id=ACCOUNT, secret_sha256=SECRET, overlap_s=0),
)
"""What is asked for a caller, about what is another tenant's."""
OF_AUTH: Final[frozenset[type[Message]]] = frozenset(
    {
        auth.AddSigningKey,
        auth.BootstrapAdministrator,
        auth.CloseSession,
        auth.EndSessions,
        auth.EndTenantTokens,
        auth.EnsureServiceAccount,
        auth.OpenSession,
        auth.PruneRevocations,
        auth.RecordFailedLogin,
        auth.RefreshSession,
        auth.RenewAddresses,
        auth.ReplaceTemporaryPassword,
        auth.RegisterAccount,
        auth.RevokeToken,
        auth.UpgradePassword,
    }
)
"""What auth-ms asks itself, once a password, a token or a secret has told who it is about."""
OF_THE_PLATFORM: Final[frozenset[type[Message]]] = frozenset({auth.CloseTenant, auth.ReopenTenant})
"""What operators of the platform ask about tenants; the routes are for callers of its own tenant alone."""
EXAMPLES: Final = {
    "tenant": "red",
    "user_id": str(USER),
    "account_id": str(ACCOUNT),
    "service": "auth-ms",
    "message_id": str(USER),
}
QUERIES: Final = {
    "/v1/states": "?service=auth-ms&actor=AccountActor&key=" + str(USER),
    "/v1/dead-letters/{message_id}": "?service=auth-ms",
}


@pytest.fixture(scope="module")
async def platform(module_database_url: str) -> AsyncIterator[TestPlatform]:
    """A user, a role and a service account of red, which nobody of blue may change."""
    environ = {"NEXUS_AUTH_KEK": "a key-encryption key for tests only 0123456789"}
    async with open_platform(SERVICES, module_database_url, environ=environ) as opened:
        registration = auth.RegisterAccount(
            user_id=USER,
            tenant="red",
            email=f"{RUBY}@example.org",
            address=f"{RUBY.lower()}@example.org",
            display_name=RUBY,
            roles=("administrator",),
            sealed_password=b"x",
            place="",
        )
        await opened.ask(
            auth.BootstrapAdministrator(tenant="red", registration=registration, open_to_sign_up=False), scopes=["*"]
        )
        await opened.settle()
        role = auth.DefineRole(tenant="red", name=RUBY.lower(), description=RUBY, scopes=("fleet:read",))
        await opened.ask(role, tenant="red", scopes=["*"])
        account = auth.CreateServiceAccount(
            account_id=ACCOUNT, tenant="red", name=RUBY.lower(), scopes=("fleet:read",), secret_sha256=SECRET
        )
        await opened.ask(account, tenant="red", scopes=["*"])
        yield opened


@pytest.mark.parametrize("command", OF_CALLERS, ids=lambda command: type(command).__name__)
async def test_what_another_tenant_asks_about_is_not_there(platform: TestPlatform, command: Command[Any]) -> None:
    with pytest.raises(Refusal, match="not_found"):
        await platform.ask(command, tenant="blue", scopes=["*"], subject=str(ZORA))


async def test_no_read_shows_anything_of_another_tenant(platform: TestPlatform) -> None:
    seen = ""
    for service in SERVICES:
        for tenant in ("red", "blue"):
            probe = platform.http(service.name, "*", tenant=tenant, subject=str(USER if tenant == "red" else ZORA))
            for path in (_filled(route) for part in service.routes for route in part.all if _reads(route)):
                answer = await probe.get(path)
                assert answer.status in {200, 403, 404}, (path, answer.body)
                seen += answer.body.decode() if tenant == "red" else ""
                if tenant == "blue":
                    assert RUBY not in answer.body.decode().upper(), path
    assert seen.upper().count(RUBY) >= 5, "red itself sees what is its own"


async def test_what_auth_tells_of_an_account_is_its_tenants_affair(platform: TestPlatform) -> None:
    await platform.ask(auth.RecordFailedLogin(user_id=USER, place="somewhere"))
    await platform.settle()
    told = {f.envelope.type: f.envelope.tenant for f in platform.seen if b'"tenant"' in bytes(f.envelope.data)}
    assert told[auth.UserRegistered.wire_type()] == told[auth.LoginFailed.wire_type()] == "red"


def test_every_command_is_looked_at() -> None:
    handled = {kind for service in SERVICES for kind in service.handled} - {puabo_os_order()}
    assert handled == OF_AUTH | OF_THE_PLATFORM | set(map(type, OF_CALLERS))
    assert all(kind.scope is None for kind in OF_AUTH | OF_THE_PLATFORM if issubclass(kind, Command)), (
        "nobody may enter it by type"
    )
    built = [load_service(entry) for entry in load_catalogue().built()]
    assert {s.name for s in built if any(actor.platform for actor in s.actors)} == {s.name for s in SERVICES}


def puabo_os_order() -> type[Message]:
    """What PUABO OS writes down of an operator of the platform, whom no other tenant can be."""
    (kind,) = puabo_os.handled
    return kind


def _filled(route: Route) -> str:
    path = route.path
    for name, value in EXAMPLES.items():
        path = path.replace(f"{{{name}}}", value)
    return path + QUERIES.get(route.path, "")


def _reads(route: Route) -> bool:
    return route.method == "GET" and route.options.scope is not None
