"""A town with one auth-ms in it: real turns, real rows, real HTTP, real tokens, and a clock that the test sets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from time import time_ns
from typing import Any, TypeVar
from urllib.parse import urlencode

from bus import Command, new_id
from bus.memory import MemoryStreamStore
from modules.infrastructure.auth.bootstrap import ensure_administrator, ensure_keys
from modules.infrastructure.auth.desk import Desk, make_desk
from modules.infrastructure.auth.service import service
from nexus_actors import Database, Principal
from nexus_actors.http.tokens import TokenVerifier
from nexus_actors.identity import DEFAULT_TENANT
from nexus_actors.security.verifier import JwtVerifier
from nexus_actors.testing import FakeClock, HttpAnswer, HttpProbe, TestPlatform, open_platform
from nexus_actors.worker import WorkerOptions

R = TypeVar("R")

ISSUER = "nexus-cos"
URL = "https://auth.example.org"
KEK = "a key-encryption key for tests only 0123456789"
ADMIN = "admin@example.org"
PASSWORD = "tractor-violet-monsoon"


class LateVerifier:
    """A verifier that is known only once the worker, whose trust it uses, is open."""

    def __init__(self) -> None:
        self.verifier: TokenVerifier | None = None

    def verify(self, token: str, audience: str) -> Principal:
        assert self.verifier is not None
        return self.verifier.verify(token, audience)


class Nobody:
    """Asks on behalf of nobody, as the platform itself does."""

    def __init__(self, platform: TestPlatform) -> None:
        self._platform = platform

    async def __call__(self, command: Command[R]) -> R:
        reply = await self._platform.worker.asker.ask(command)
        return reply.value


class Town:
    """auth-ms for one tenant, with its first administrator."""

    def __init__(self, platform: TestPlatform, clock: FakeClock, desk: Desk, tenant: str = DEFAULT_TENANT) -> None:
        self.platform = platform
        self.clock = clock
        self.desk = desk
        self.tenant = tenant
        self.admin_password = ""
        self.ask = Nobody(platform)
        self._admin: HttpProbe | None = None
        self._admin_until = clock()

    async def found(self) -> "Town":
        """Give it its administrator."""
        password = await ensure_administrator(self.ask, self.desk, ADMIN, self.tenant)
        assert password is not None
        self.admin_password = password
        return self

    async def again(self) -> "Town":
        """The same tenant, for another test: what was asked before counts against no limit any more, and is not seen."""
        self.clock.advance(60)
        await self.platform.settle()
        self.platform.seen.clear()
        return self

    async def another(self) -> "Town":
        """The same auth-ms, for a tenant that has nothing yet."""
        await self.again()
        return await Town(self.platform, self.clock, self.desk, f"town-{new_id().hex}").found()

    @property
    def db(self) -> Database:
        return self.platform.worker.hosts["auth-ms"].database

    @property
    def _where(self) -> dict[str, str]:
        """What a body says of its tenant, unless that is the one which is meant where nothing is said."""
        return {} if self.tenant == DEFAULT_TENANT else {"tenant": self.tenant}

    @property
    def anybody(self) -> HttpProbe:
        return self.platform.bearer("auth-ms", None)

    def bearer(self, token: str) -> HttpProbe:
        return self.platform.bearer("auth-ms", token)

    async def log_in(self, email: str, password: str = PASSWORD, **more: object) -> HttpAnswer:
        return await self.anybody.post("/v1/login", {"email": email, "password": password, **self._where, **more})

    async def tokens(self, email: str, password: str = PASSWORD, **more: object) -> dict[str, Any]:
        answer = await self.log_in(email, password, **more)
        assert answer.status == 200, answer.body
        return dict(answer.json())

    async def sign_up(self, email: str, password: str = PASSWORD, **more: object) -> HttpAnswer:
        body = {"email": email, "password": password, "display_name": "Somebody", **self._where, **more}
        return await self.anybody.post("/v1/signup", body)

    async def newcomer(self, email: str) -> dict[str, Any]:
        """Somebody with an account and the tokens of a first session."""
        assert (await self.sign_up(email)).status == 202
        return await self.tokens(email)

    async def admin(self) -> HttpProbe:
        """A client with a token of the administrator's, who logs in once in five minutes."""
        if self._admin is None or self.clock() >= self._admin_until:
            tokens = await self.tokens(ADMIN, self.admin_password)
            self._admin, self._admin_until = self.bearer(tokens["access_token"]), self.clock() + timedelta(minutes=5)
        return self._admin

    async def refresh(self, refresh_token: str, **more: object) -> HttpAnswer:
        return await self.anybody.post("/v1/token/refresh", {"refresh_token": refresh_token, **more})

    async def form(self, path: str, form: dict[str, str] | bytes, **headers: str) -> HttpAnswer:
        """Send a form."""
        body = form if isinstance(form, bytes) else urlencoded(form)
        sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return await self.anybody.post(path, body=body, headers=sent)

    async def user_id(self, access_token: str) -> str:
        return str((await self.bearer(access_token).get("/v1/me")).json()["user_id"])


def urlencoded(form: dict[str, str]) -> bytes:
    return urlencode(form).encode()


@asynccontextmanager
async def open_town(database_url: str) -> AsyncIterator[Town]:
    """auth-ms over a database, with keys and an administrator."""
    late, clock = LateVerifier(), FakeClock(datetime.now(UTC).replace(microsecond=0))
    options = WorkerOptions(streams=MemoryStreamStore(lambda: time_ns() // 1_000_000), clock=clock)
    environ = {"NEXUS_AUTH_KEK": KEK, "NEXUS_AUTH_ISSUER": ISSUER, "NEXUS_AUTH_URL": URL + "/"}
    async with open_platform([service], database_url, tokens=late, environ=environ, options=options) as platform:
        late.verifier = JwtVerifier(platform.worker.trust, ISSUER, clock)
        town = Town(platform, clock, make_desk(ISSUER, URL, KEK))
        await ensure_keys(town.ask, town.desk)
        yield await town.found()
