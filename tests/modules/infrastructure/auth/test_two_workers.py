"""Two processes' worth of auth-ms over one database and one Redis: what one revokes, the other refuses."""

import anyio
import pytest

from bus.redis import RedisSettings, connect
from modules.infrastructure.auth.bootstrap import ensure_administrator, ensure_keys
from modules.infrastructure.auth.desk import make_desk
from modules.infrastructure.auth.service import service
from nexus_actors.security.verifier import JwtVerifier
from nexus_actors.testing import TestPlatform, open_platform
from tests.modules.infrastructure.auth.town import ADMIN, ISSUER, KEK, URL, LateVerifier, Nobody

pytestmark = pytest.mark.anyio

ENVIRON = {"NEXUS_AUTH_KEK": KEK, "NEXUS_AUTH_ISSUER": ISSUER}


async def test_a_revocation_reaches_the_other_worker_within_a_second(database_url: str, redis_url: str) -> None:
    redis = RedisSettings(url=redis_url, prefix="test")
    first_tokens, second_tokens = LateVerifier(), LateVerifier()
    async with connect(redis) as first_streams, connect(redis) as second_streams:
        first_open = open_platform([service], database_url, streams=first_streams, tokens=first_tokens, environ=ENVIRON)
        async with first_open as first:
            first_tokens.verifier = JwtVerifier(first.worker.trust, ISSUER)
            password = await administrator(first)
            second_open = open_platform([service], database_url, streams=second_streams, tokens=second_tokens, environ=ENVIRON)
            async with second_open as second:
                second_tokens.verifier = JwtVerifier(second.worker.trust, ISSUER)
                for _ in range(3):
                    await revoke_here_refuse_there(first, second, password)
                    await revoke_here_refuse_there(second, first, password)


async def administrator(platform: TestPlatform) -> str:
    desk, ask = make_desk(ISSUER, URL, KEK), Nobody(platform)
    await ensure_keys(ask, desk)
    password = await ensure_administrator(ask, desk, ADMIN)
    assert password is not None
    return password


async def revoke_here_refuse_there(here: TestPlatform, there: TestPlatform, password: str) -> None:
    login = await here.bearer("auth-ms", None).post("/v1/login", {"email": ADMIN, "password": password})
    assert login.status == 200, login.body
    token = login.json()["access_token"]
    assert (await there.bearer("auth-ms", token).get("/v1/me")).status == 200
    assert (await here.bearer("auth-ms", token).post("/v1/logout")).status == 204
    with anyio.fail_after(1):
        while (await there.bearer("auth-ms", token).get("/v1/me")).status == 200:
            continue
