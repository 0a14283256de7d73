from base64 import b64encode
from typing import Any

import jwt
import pytest

from modules.infrastructure.auth.bootstrap import ServiceCredentials, ensure_service_account
from modules.infrastructure.auth.desk import desk_with
from nexus_actors.settings.config import Settings
from nexus_actors.testing import HttpAnswer
from tests.modules.infrastructure.auth.town import ISSUER, KEK, PASSWORD, URL, Town

pytestmark = pytest.mark.anyio

ANA = "ana@example.org"
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
async def importer(town: Town) -> ServiceCredentials:
    return await ensure_service_account(town.ask, town.desk, "importer", ("fleet:*", "tracker:write"))


def basic(client: ServiceCredentials, secret: str | None = None) -> dict[str, str]:
    text = f"{client.client_id}:{secret or client.client_secret}"
    return {"Authorization": "Basic " + b64encode(text.encode()).decode()}


def in_form(client: ServiceCredentials) -> dict[str, str]:
    return {"client_id": str(client.client_id), "client_secret": client.client_secret}


async def introspect(town: Town, client: ServiceCredentials, token: str) -> dict[str, Any]:
    answer = await town.form("/oauth2/introspect", {"token": token}, **basic(client))
    assert answer.status == 200, answer.body
    return dict(answer.json())


def error_of(answer: HttpAnswer) -> tuple[int, str]:
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status, answer.json()["error"]


async def test_a_program_gets_a_token_either_way(town: Town, importer: ServiceCredentials) -> None:
    for answer in (
        await town.form("/oauth2/token", GRANT, **basic(importer)),
        await town.form("/oauth2/token", GRANT | in_form(importer)),
    ):
        tokens = answer.json()
        assert (answer.status, tokens["scope"]) == (200, "fleet:* tracker:write")
        assert "refresh_token" not in tokens
        assert answer.headers["Cache-Control"] == "no-store"
        refused = await town.bearer(tokens["access_token"]).get("/v1/users")
        assert refused.code == "missing_scope"


async def test_a_program_may_ask_for_less_and_not_for_more(town: Town, importer: ServiceCredentials) -> None:
    less = await town.form("/oauth2/token", GRANT | {"scope": "fleet:read auth:write"}, **basic(importer))
    assert less.json()["scope"] == "fleet:read"
    more = await town.form("/oauth2/token", GRANT | {"scope": "auth:write"}, **basic(importer))
    assert error_of(more) == (400, "invalid_scope")


async def test_a_program_that_is_not_known_gets_nothing(town: Town, importer: ServiceCredentials) -> None:
    wrong = importer.client_secret[:-1] + ("A" if importer.client_secret[-1] != "A" else "B")
    other = await ensure_service_account(town.ask, town.desk, "other", ("fleet:*",))
    for headers in (
        basic(importer, wrong),
        basic(importer, other.client_secret),
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + b64encode(b"no colon").decode()},
        {"Authorization": "Basic " + b64encode(b"admin:' OR 1=1").decode()},
        {"Authorization": "Basic " + b64encode(b"\xff:\xff").decode()},
        {"Authorization": "Basic " + "A" * 2000},
        {"Authorization": "Digest x"},
        {},
    ):
        answer = await town.form("/oauth2/token", GRANT, **headers)
        assert error_of(answer) == (401, "invalid_client")
        assert "WWW-Authenticate" in answer.headers
    both = await town.form("/oauth2/token", GRANT | in_form(importer), **basic(importer))
    assert error_of(both) == (401, "invalid_client")


BAD_REQUESTS = [
    (b"", "invalid_request"),
    (b"grant_type=", "invalid_request"),
    (b"grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
    (b"grant_type=password&username=a&password=b", "unsupported_grant_type"),
    (b"grant_type=refresh_token", "invalid_request"),
    (b"grant_type=refresh_token&refresh_token=nxr_AAAA", "invalid_grant"),
    (b"grant_type=refresh_token&refresh_token=%00", "invalid_request"),
    (b"grant_type=%ff", "invalid_request"),
    ("grant_type=é".encode(), "invalid_request"),
    (b'{"grant_type":"client_credentials"}', "invalid_request"),
    (b"&".join(b"a%d=1" % number for number in range(100)), "invalid_request"),
]


async def test_a_bad_request_for_tokens_gets_its_oauth_error(town: Town) -> None:
    for form, error in BAD_REQUESTS:
        assert error_of(await town.form("/oauth2/token", form)) == (400, error), form


async def test_only_forms_of_reasonable_size_are_read(town: Town) -> None:
    for path in ("/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"):
        assert (await town.anybody.post(path, {"token": "x"})).status == 415
        assert (await town.form(path, b"token=" + b"x" * 40_000)).status == 413
        assert (await town.anybody.get(path)).status == 405


async def test_a_session_is_renewed_by_the_oauth_grant_too(town: Town) -> None:
    tokens = await town.newcomer(ANA)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    renewed = await town.form("/oauth2/token", form)
    assert renewed.status == 200
    assert renewed.json()["refresh_token"] != tokens["refresh_token"]


async def test_introspection_tells_of_good_tokens(town: Town, importer: ServiceCredentials) -> None:
    tokens = await town.newcomer(ANA)
    user_id = await town.user_id(tokens["access_token"])
    access = await introspect(town, importer, tokens["access_token"])
    assert (access["active"], access["sub"], access["tid"], access["iss"]) == (True, user_id, town.tenant, ISSUER)
    assert (access["scope"], access["aud"], access["client_id"]) == ("account:self", ["nexus"], "nexus")
    refresh = await introspect(town, importer, tokens["refresh_token"])
    assert (refresh["active"], refresh["sub"], refresh["sid"]) == (True, user_id, access["sid"])


async def test_introspection_tells_nothing_of_others(town: Town, importer: ServiceCredentials) -> None:
    tokens = await town.newcomer(ANA)
    await town.bearer(tokens["access_token"]).post("/v1/logout")
    forged = tokens["access_token"][:-4] + "AAAA"
    for token in (tokens["access_token"], tokens["refresh_token"], forged, "x", "nxr_AAAA", "a.b.c", "é", "."):
        assert await introspect(town, importer, token) == {"active": False}


async def test_introspection_needs_a_known_caller(town: Town, importer: ServiceCredentials) -> None:
    tokens = await town.newcomer(ANA)
    form = {"token": tokens["access_token"]}
    assert error_of(await town.form("/oauth2/introspect", form)) == (401, "invalid_client")
    member = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert error_of(await town.form("/oauth2/introspect", form, **member)) == (401, "invalid_client")
    watcher = await ensure_service_account(town.ask, town.desk, "watcher", ("auth:introspect",))
    bearer = (await town.form("/oauth2/token", GRANT, **basic(watcher))).json()["access_token"]
    allowed = await town.form("/oauth2/introspect", form, Authorization=f"Bearer {bearer}")
    assert allowed.json()["active"] is True
    missing = await town.form("/oauth2/introspect", b"", **basic(importer))
    assert error_of(missing) == (400, "invalid_request")


async def test_revoking_an_access_token_leaves_its_session(town: Town) -> None:
    tokens = await town.newcomer(ANA)
    assert (await town.form("/oauth2/revoke", {"token": tokens["access_token"]})).status == 200
    await town.platform.settle()
    assert (await town.bearer(tokens["access_token"]).get("/v1/me")).code == "token_revoked"
    assert (await town.refresh(tokens["refresh_token"])).status == 200


async def test_revoking_a_refresh_token_ends_its_session(town: Town) -> None:
    tokens = await town.newcomer(ANA)
    assert (await town.form("/oauth2/revoke", {"token": tokens["refresh_token"]})).status == 200
    await town.platform.settle()
    assert (await town.bearer(tokens["access_token"]).get("/v1/me")).code == "token_revoked"
    assert (await town.refresh(tokens["refresh_token"])).status == 401


async def test_revoking_what_is_no_token_is_answered_alike(town: Town) -> None:
    for token in ("x", "nxr_AAAA", "a.b.c", "nxr_" + "A" * 80):
        assert (await town.form("/oauth2/revoke", {"token": token})).status == 200
    assert error_of(await town.form("/oauth2/revoke", b"")) == (400, "invalid_request")


async def test_the_key_set_verifies_our_tokens_elsewhere(town: Town) -> None:
    tokens = await town.newcomer(ANA)
    key_set = jwt.PyJWKSet.from_dict((await town.anybody.get("/oauth2/jwks.json")).json())
    kid = jwt.get_unverified_header(tokens["access_token"])["kid"]
    claims = jwt.decode(
        tokens["access_token"],
        key_set[kid].key,
        algorithms=["ES256"],
        audience="nexus",
        issuer=ISSUER,
        options={"verify_iat": False},  # the town's clock is ahead of jwt's
    )
    assert claims["tid"] == town.tenant
    assert all("d" not in key for key in (await town.anybody.get("/oauth2/jwks.json")).json()["keys"])


async def test_the_metadata_names_the_endpoints(town: Town) -> None:
    """Also to who writes another host into the Host header, and so into what a cache keeps for others."""
    evil = {"Host": "evil.example"}
    metadata = (await town.anybody.get("/.well-known/oauth-authorization-server", headers=evil)).json()
    assert metadata["issuer"] == ISSUER
    for name in ("token_endpoint", "jwks_uri", "introspection_endpoint", "revocation_endpoint"):
        assert metadata[name].startswith(f"{URL}/oauth2/")


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "http://127.0.0.1:3100"),
        ({"NEXUS_SERVICE_HOST": "{service}", "NEXUS_PORT_OFFSET": "1000"}, "http://auth-ms:4100"),
        ({"NEXUS_AUTH_ISSUER": "https://id.example.org/"}, "https://id.example.org"),
        ({"NEXUS_AUTH_ISSUER": "https://id.example.org", "NEXUS_AUTH_URL": "https://a.example/b/"}, "https://a.example/b"),
    ],
)
def test_where_clients_reach_it_is_a_matter_of_the_settings(environ: dict[str, str], url: str) -> None:
    assert desk_with(Settings.load({"NEXUS_AUTH_KEK": KEK, **environ})).url == url


async def test_validation_asks_the_database(town: Town, importer: ServiceCredentials) -> None:
    tokens = await town.newcomer(ANA)
    answer = await town.bearer(tokens["access_token"]).get("/auth/validate")
    assert (answer.status, answer.json()["active"], answer.json()["scopes"]) == (200, True, ["account:self"])
    service = (await town.form("/oauth2/token", GRANT, **basic(importer))).json()["access_token"]
    assert (await town.bearer(service).get("/auth/validate")).json()["session_id"] is None
    await town.bearer(tokens["access_token"]).post("/v1/logout")
    assert (await town.bearer(tokens["access_token"]).get("/auth/validate")).code == "token_revoked"
    assert (await town.anybody.get("/auth/validate")).code == "token_missing"
    assert (await town.bearer("x.y.z").get("/auth/validate")).code == "token_malformed"


async def test_the_old_name_of_login_works(town: Town) -> None:
    await town.newcomer(ANA)
    body = {"email": ANA, "password": PASSWORD, "tenant": town.tenant}
    answer = await town.anybody.post("/auth/login", body)
    assert answer.status == 200


async def test_answers_have_the_form_that_is_documented(town: Town, importer: ServiceCredentials) -> None:
    paths = (await town.anybody.get("/openapi.json")).json()["paths"]
    answers = [
        ("/oauth2/token", await town.form("/oauth2/token", GRANT, **basic(importer)), "Tokens"),
        ("/oauth2/token", await town.form("/oauth2/token", {}), "OAuthError"),
        ("/oauth2/token", await town.form("/oauth2/token", GRANT, **basic(importer, "wrong")), "OAuthError"),
        ("/oauth2/introspect", await town.form("/oauth2/introspect", {"token": "x"}, **basic(importer)), "Introspection"),
        ("/oauth2/introspect", await town.form("/oauth2/introspect", {}, **basic(importer)), "OAuthError"),
        ("/oauth2/introspect", await town.form("/oauth2/introspect", {"token": "x"}), "OAuthError"),
        ("/oauth2/revoke", await town.form("/oauth2/revoke", {}), "OAuthError"),
        ("/oauth2/revoke", await town.anybody.post("/oauth2/revoke", {}), "Problem"),
    ]
    for path, answer, schema in answers:
        response = paths[path]["post"]["responses"][str(answer.status)]
        kind = answer.headers["Content-Type"]
        if "$ref" not in response:
            assert response["content"][kind]["schema"] == {"$ref": f"#/components/schemas/{schema}"}, (path, answer.status)
        else:
            assert (kind, schema) == ("application/problem+json", "Problem")
    assert [answer.status for _, answer, _ in answers] == [200, 400, 401, 200, 400, 401, 400, 415]
