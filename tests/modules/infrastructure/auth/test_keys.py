import jwt
import pytest

from bus import Refusal
from modules.infrastructure.auth.bootstrap import ensure_administrator, ensure_keys
from modules.infrastructure.auth.contract import RING, AddSigningKey, SigningKeyPublished, SigningKeyRetired, TokensRevoked
from modules.infrastructure.auth.domain.key_schedule import KEY_LIFE, LINGER, PUBLISH_LEAD, SPREAD
from modules.infrastructure.auth.signing import make_key
from nexus_actors.security.trust import load
from tests.modules.infrastructure.auth.town import ADMIN, Town

pytestmark = pytest.mark.anyio

ANA = "ana@example.org"


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


async def good(town: Town, token: str) -> bool:
    await town.platform.settle()
    return (await town.bearer(token).get("/v1/me")).status == 200


async def test_a_rotation_puts_a_new_key_to_use_and_keeps_old_tokens_good(lone_town: Town) -> None:
    old = await lone_town.newcomer(ANA)
    admin = await lone_town.admin()
    added = await admin.post("/v1/keys:rotate", {})
    assert added.status == 200
    assert await good(lone_town, old["access_token"])
    lone_town.clock.advance(SPREAD.total_seconds())
    new = await lone_town.tokens(ANA)
    assert kid_of(new["access_token"]) == added.json()["kid"] != kid_of(old["access_token"])
    assert await good(lone_town, new["access_token"])
    assert await good(lone_town, old["access_token"])
    keys = (await (await lone_town.admin()).get("/v1/keys")).json()["items"]
    assert [key["retires_at"] is None for key in keys] == [False, True]
    lone_town.clock.advance(LINGER.total_seconds())
    key_set = (await lone_town.anybody.get("/oauth2/jwks.json")).json()["keys"]
    assert [key["kid"] for key in key_set] == [kid_of(new["access_token"])]


async def test_an_emergency_kills_every_token_of_the_old_keys_at_once(lone_town: Town) -> None:
    old = await lone_town.newcomer(ANA)
    admin = await lone_town.admin()
    assert (await admin.post("/v1/keys:rotate", {"emergency": True})).status == 200
    assert not await good(lone_town, old["access_token"])
    renewed = (await lone_town.refresh(old["refresh_token"])).json()
    assert await good(lone_town, renewed["access_token"])
    assert [event.kind for event in lone_town.platform.events(TokensRevoked)] == ["key"]
    assert (await admin.get("/v1/keys")).code == "token_unknown_key"
    stored = await lone_town.db.fetchval("SELECT count(*) FROM private_keys")
    assert stored == 1


async def test_the_next_key_is_made_in_time_by_use_alone(lone_town: Town) -> None:
    await lone_town.newcomer(ANA)
    lone_town.clock.advance((KEY_LIFE - PUBLISH_LEAD).total_seconds())
    before = await lone_town.tokens(ANA)
    await lone_town.platform.settle()
    assert len(lone_town.platform.events(SigningKeyPublished)) == 2
    assert len(lone_town.platform.events(SigningKeyRetired)) == 1
    assert len((await lone_town.anybody.get("/oauth2/jwks.json")).json()["keys"]) == 2
    lone_town.clock.advance(PUBLISH_LEAD.total_seconds())
    after = await lone_town.tokens(ANA)
    assert kid_of(after["access_token"]) != kid_of(before["access_token"])
    assert await good(lone_town, after["access_token"])


async def test_a_process_that_starts_later_trusts_the_same(lone_town: Town) -> None:
    old = await lone_town.newcomer(ANA)
    await (await lone_town.admin()).post("/v1/keys:rotate", {"emergency": True})
    await lone_town.bearer((await lone_town.refresh(old["refresh_token"])).json()["access_token"]).post("/v1/logout")
    await lone_town.platform.settle()
    fresh = await load(lone_town.platform.worker.platform)
    follower = lone_town.platform.worker.trust
    assert fresh.kids() == follower.kids()
    assert [fresh.key(kid, lone_town.clock()) is None for kid in sorted(fresh.kids())] == [
        follower.key(kid, lone_town.clock()) is None for kid in sorted(follower.kids())
    ]
    assert fresh.revocation_count() == follower.revocation_count() == 2


async def test_a_key_that_is_not_due_is_not_taken_in(main_town: Town) -> None:
    before = (await main_town.anybody.get("/oauth2/jwks.json")).json()["keys"]
    await ensure_keys(main_town.ask, main_town.desk)
    assert (await main_town.anybody.get("/oauth2/jwks.json")).json()["keys"] == before != []


async def test_the_ring_takes_public_keys_of_the_right_kind_once(lone_town: Town) -> None:
    made = make_key("ES256")

    def add(alg: str, jwk: dict[str, str], ring: str = RING) -> AddSigningKey:
        return AddSigningKey(ring=ring, kid=made.kid, alg=alg, jwk=jwk, sealed_key=b"x", rotation="now")

    command = add("ES256", made.jwk)
    secret = add("HS256", {"kty": "oct", "k": "AAAA", "alg": "HS256"})
    private = add("ES256", made.jwk | {"d": "AAAA"})
    other = add("RS256", made.jwk)
    ring = add("ES256", made.jwk, "mine")
    for bad, code in ((secret, "unusable_key"), (private, "unusable_key"), (other, "unusable_key"), (ring, "ring_not_found")):
        with pytest.raises(Refusal, match=code):
            await lone_town.ask(bad)
    await lone_town.ask(command)
    with pytest.raises(Refusal, match="key_exists"):
        await lone_town.ask(command)


async def test_the_first_administrator_is_made_once(main_town: Town) -> None:
    assert await ensure_administrator(main_town.ask, main_town.desk, "second@example.org") is None
    assert (await main_town.log_in("second@example.org", "whatever-it-may-be")).status == 401
    me = (await (await main_town.admin()).get("/v1/me")).json()
    assert (me["email"], me["roles"]) == (ADMIN, ["admin"])
    assert len(main_town.admin_password) >= 20
