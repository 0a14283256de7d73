import anyio
import jwt
import pytest
from argon2 import PasswordHasher

from bus import new_id
from modules.infrastructure.auth.contract import (
    AccountLocked,
    LoginFailed,
    RegisterAccount,
    SessionOpened,
    TokensRevoked,
    UserRegistered,
)
from modules.infrastructure.auth.domain.lockout import FIRST_LOCK, FREE_FAILURES
from modules.infrastructure.auth.passwords import Passwords
from nexus_actors.testing import HttpAnswer
from tests.modules.infrastructure.auth.town import ADMIN, PASSWORD, Town

pytestmark = pytest.mark.anyio

ANA = "ana@example.org"


def without_trace(answer: HttpAnswer) -> dict[str, object]:
    return {name: value for name, value in answer.json().items() if name != "trace_id"}


async def test_who_signs_up_can_log_in_and_is_a_member(town: Town) -> None:
    assert (await town.sign_up(" Ana@Example.org ")).status == 202
    tokens = await town.tokens("ana@EXAMPLE.org")
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 600, "account:self")
    me = (await town.bearer(tokens["access_token"]).get("/v1/me")).json()
    assert (me["email"], me["roles"], me["status"]) == ("Ana@Example.org", ["member"], "active")
    await town.platform.settle()
    assert {event.roles for event in town.platform.events(UserRegistered)} == {("admin",), ("member",)}
    assert len(town.platform.events(SessionOpened)) == 1


async def test_a_taken_address_is_answered_like_a_free_one_and_keeps_its_password(town: Town) -> None:
    first = await town.sign_up(ANA)
    second = await town.sign_up("ANA@example.org", "another-good-password")
    assert (first.status, first.json()) == (second.status, second.json())
    await town.tokens(ANA)
    assert (await town.log_in(ANA, "another-good-password")).status == 401


BAD_SIGN_UPS: list[tuple[dict[str, object], int, str]] = [
    ({"tenant": "nowhere"}, 403, "sign_up_closed"),
    ({"tenant": "No Where"}, 422, "invalid"),
    ({"password": "password123"}, 422, "password_too_weak"),
    ({"password": "shorty"}, 422, "password_too_short"),
    ({"password": "é" * 1000}, 422, "password_too_long"),
    ({"password": "x" * 2000}, 422, "invalid"),
    ({"password": "abcdefgh\x00ijklmnop"}, 422, "invalid"),
    ({"password": 12345678901}, 422, "invalid"),
    ({"email": "ana"}, 422, "invalid_email"),
    ({"email": "a" * 400 + "@example.org"}, 422, "invalid"),
    ({"display_name": ""}, 422, "invalid"),
    ({"display_name": " \n"}, 422, "invalid_account"),
    ({"display_name": "Ana\u202evroH"}, 422, "invalid_account"),
    ({"display_name": "A" * 101}, 422, "invalid_account"),
    ({"roles": ["admin"]}, 422, "invalid"),
]


async def test_a_bad_sign_up_makes_nothing_and_repeats_no_password(town: Town) -> None:
    for change, status, code in BAD_SIGN_UPS:
        town.clock.advance(60)
        body = {"email": ANA, "password": PASSWORD, "display_name": "Ana", "tenant": town.tenant, **change}
        answer = await town.anybody.post("/v1/signup", body)
        assert (answer.status, answer.code) == (status, code), change
        assert str(body["password"]) not in answer.body.decode()
    assert (await town.log_in(ANA)).status == 401
    emails = await town.db.fetch("SELECT email FROM accounts WHERE tenant = $1", town.tenant)
    assert [row["email"] for row in emails] == [ADMIN]


async def test_every_wrong_login_gets_the_same_answer(town: Town) -> None:
    await town.newcomer(ANA)
    answers = [
        await town.log_in(ANA, "wrong-password-entirely"),
        await town.log_in("nobody@example.org"),
        await town.log_in(ANA, tenant="nowhere"),
    ]
    for _ in range(FREE_FAILURES - 1):
        await town.log_in(ANA, "wrong-password-entirely")
    answers.append(await town.log_in(ANA))
    assert {answer.status for answer in answers} == {401}
    assert all(without_trace(answer) == without_trace(answers[0]) for answer in answers)
    assert all(answer.headers.keys() == answers[0].headers.keys() for answer in answers)


async def test_guessing_locks_softly_and_the_lock_ends(town: Town) -> None:
    await town.newcomer(ANA)
    for _ in range(FREE_FAILURES):
        assert (await town.log_in(ANA, "wrong-password-entirely")).status == 401
    assert (await town.log_in(ANA)).status == 401
    town.clock.advance(FIRST_LOCK.total_seconds())
    await town.tokens(ANA)
    await town.platform.settle()
    assert [event.failures for event in town.platform.events(LoginFailed)] == [1, 2, 3, 4, 5]
    assert len(town.platform.events(AccountLocked)) == 1


async def test_one_address_takes_only_so_many_attempts_whether_it_is_known_or_not(town: Town) -> None:
    await town.newcomer(ANA)
    town.clock.advance(3_600)
    for email in (ANA, "nobody@example.org"):
        codes = [(await town.log_in(email, "wrong-password-entirely")).code for _ in range(11)]
        assert codes == ["invalid_credentials"] * 10 + ["too_many_attempts"]
    limited = await town.log_in(ANA)
    assert limited.status == 429
    assert int(limited.headers["Retry-After"]) > 0


async def test_an_unknown_address_leaves_no_account_behind(town: Town) -> None:
    await town.log_in("nobody@example.org")
    await town.platform.settle()
    assert town.platform.events(LoginFailed) == []
    users = (await (await town.admin()).get("/v1/users")).json()["items"]
    assert [user["email"] for user in users] == [ADMIN]


async def test_tokens_can_be_limited_at_login(town: Town) -> None:
    tokens = await town.tokens(ADMIN, town.admin_password, scopes=["fleet:read", "account:self"])
    assert tokens["scope"] == "account:self fleet:read"
    limited = town.bearer(tokens["access_token"])
    assert (await limited.get("/v1/users")).code == "missing_scope"
    renewed = (await town.refresh(tokens["refresh_token"])).json()
    assert renewed["scope"] == "account:self fleet:read"
    wider = await town.refresh(renewed["refresh_token"], scopes=["auth:read"])
    assert (wider.status, wider.code) == (422, "scope_not_allowed")


async def test_scopes_that_are_none_are_refused_at_login(town: Town) -> None:
    bad: list[object] = [["Fleet"], ["fleet:read "], [""], "fleet:read", [1], ["a:b"] * 65]
    for scopes in bad:
        assert (await town.log_in(ADMIN, town.admin_password, scopes=scopes)).status == 422, scopes


async def test_logging_out_ends_the_session_at_once(town: Town) -> None:
    tokens = await town.newcomer(ANA)
    other = await town.tokens(ANA)
    assert (await town.bearer(tokens["access_token"]).post("/v1/logout")).status == 204
    session = jwt.decode(tokens["access_token"], options={"verify_signature": False})["sid"]
    await town.platform.until(lambda: town.platform.worker.trust.revoked("session", session), within_s=1)
    refused = await town.bearer(tokens["access_token"]).get("/v1/me")
    assert (refused.status, refused.code) == (401, "token_revoked")
    assert (await town.refresh(tokens["refresh_token"])).status == 401
    assert (await town.bearer(other["access_token"]).get("/v1/me")).status == 200


async def test_a_storm_of_logins_is_answered_in_full(town: Town) -> None:
    await town.newcomer(ANA)
    answers: list[HttpAnswer] = []

    async def one(email: str) -> None:
        answers.append(await town.log_in(email))

    async with anyio.create_task_group() as group:
        for number in range(24):
            group.start_soon(one, ANA if number % 4 == 0 else f"nobody{number}@example.org")
    assert sorted(answer.status for answer in answers) == [200] * 6 + [401] * 18
    assert len({answer.json()["refresh_token"] for answer in answers if answer.status == 200}) == 6


async def test_sign_ups_of_one_address_at_once_make_one_account(town: Town) -> None:
    statuses: list[int] = []

    async def one(number: int) -> None:
        statuses.append((await town.sign_up(ANA, f"{PASSWORD}-{number}")).status)

    async with anyio.create_task_group() as group:
        for number in range(FREE_FAILURES):
            group.start_soon(one, number)
    assert statuses == [202] * FREE_FAILURES
    right = [number for number in range(FREE_FAILURES) if (await town.log_in(ANA, f"{PASSWORD}-{number}")).status == 200]
    assert len(right) == 1


async def test_a_login_obeys_no_idempotency_key_for_its_digest_would_tell_the_password(town: Town) -> None:
    await town.newcomer(ANA)
    headers = {"Idempotency-Key": "login-1"}
    body = {"email": ANA, "password": PASSWORD, "tenant": town.tenant}
    first = await town.anybody.post("/v1/login", body, headers=headers)
    again = await town.anybody.post("/v1/login", body, headers=headers)
    assert first.json()["refresh_token"] != again.json()["refresh_token"]
    other = await town.anybody.post("/v1/login", body | {"password": "another-good-password"}, headers=headers)
    assert other.status == 401


async def test_a_password_is_the_same_from_every_keyboard(town: Town) -> None:
    """Set where a key gives one character for a letter with its accent, typed where it gives two."""
    assert (await town.sign_up(ANA, "p\xe9riode-al\xe9atoire-bleue")).status == 202
    tokens = await town.tokens(ANA, "pe\u0301riode-ale\u0301atoire-bleue")
    body = {"current_password": "pe\u0301riode-ale\u0301atoire-bleue", "new_password": "kle\u0301ber-marron-tandem"}
    assert (await town.bearer(tokens["access_token"]).post("/v1/me/password", body)).status == 204
    await town.tokens(ANA, "kl\xe9ber-marron-tandem")


async def test_a_hash_of_old_parameters_is_renewed_at_login(town: Town) -> None:
    stored = await with_hash(town, await Passwords(1, memory_kib=64, passes=1).hash(PASSWORD), PASSWORD)
    assert b"m=19456" in stored
    await town.tokens(ANA)


async def test_a_password_hashed_as_it_was_typed_is_prepared_at_login(town: Town) -> None:
    typed = "pe\u0301riode-ale\u0301atoire-bleue"
    hashed = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash(typed)
    await with_hash(town, hashed.encode(), typed)
    await town.tokens(ANA, "p\xe9riode-al\xe9atoire-bleue")


async def with_hash(town: Town, phc: bytes, password: str) -> bytes:
    """The hash that is kept after a login of an account that was made with this one."""
    user_id = new_id()
    sealed = town.desk.vault.seal(phc, f"password:{user_id}")
    registration = RegisterAccount(
        user_id=user_id,
        tenant=town.tenant,
        email=ANA,
        address=ANA,
        display_name="Ana",
        roles=("member",),
        sealed_password=sealed,
        place="",
    )
    await town.ask(registration)
    await town.tokens(ANA, password)
    stored = await town.db.fetchval("SELECT sealed_password FROM accounts WHERE user_id = $1", user_id)
    return town.desk.vault.open(stored, f"password:{user_id}")


async def test_no_secret_travels_or_is_stored_in_clear(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    tokens = await town.newcomer(ANA)
    await town.log_in(ANA, "wrong-password-entirely")
    renewed = (await town.refresh(tokens["refresh_token"])).json()
    await town.bearer(renewed["access_token"]).post("/v1/logout")
    await town.platform.settle()
    travelled = b"".join(bytes(followed.envelope.data) for followed in town.platform.seen).decode()
    rows = await town.db.fetch(
        "SELECT row_to_json(a)::text AS body FROM accounts a UNION ALL SELECT row_to_json(s)::text FROM sessions s"
    )
    printed = capsys.readouterr()
    everything = travelled + "".join(row["body"] for row in rows) + printed.out + printed.err
    secrets = [PASSWORD, "wrong-password-entirely", "argon2id", town.admin_password]
    secrets += [tokens["access_token"], tokens["refresh_token"], renewed["access_token"], renewed["refresh_token"]]
    assert [secret for secret in secrets if secret in everything] == []
    assert len(town.platform.events(TokensRevoked)) == 1
