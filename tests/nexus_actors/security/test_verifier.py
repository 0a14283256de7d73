import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest

from nexus_actors.http.tokens import Unauthorised
from nexus_actors.security.claims import PLATFORM_AUDIENCE
from nexus_actors.security.contract import RevocationKind
from nexus_actors.security.verifier import JwtVerifier
from tests.nexus_actors.security.minting import (
    ISSUER,
    NOW,
    Mint,
    b64,
    claims_at,
    make_private,
    public_jwk,
    public_pem,
    sign_raw,
)

ALGORITHMS = ["ES256", "RS256", "Ed25519"]


@pytest.fixture
def mint() -> Mint:
    return Mint()


def refused(mint: Mint, token: str, audience: str = "fleet-service") -> str:
    with pytest.raises(Unauthorised) as caught:
        mint.verifier.verify(token, audience)
    return caught.value.code


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_token_made_elsewhere_by_the_rules_is_accepted(alg: str) -> None:
    mint = Mint(alg)
    principal = mint.verifier.verify(mint.token(), "fleet-service")
    assert (principal.subject, principal.tenant, principal.session_id) == ("user-1", "main", "session-1")
    assert principal.scopes == {"fleet:read", "tracker:*"}
    assert principal.kind == "user"


def test_pyjwt_and_we_agree_on_a_good_token(mint: Mint) -> None:
    token = mint.token({"exp": 4_000_000_000, "iat": 1})
    assert jwt.decode(token, public_pem(mint.private), algorithms=["ES256"], audience="nexus")["sub"] == "user-1"


def test_a_client_that_is_its_own_subject_is_a_service(mint: Mint) -> None:
    principal = mint.verifier.verify(mint.token({"client_id": "user-1"}), "fleet-service")
    assert (principal.kind, principal.session_id) == ("service", None)


@pytest.mark.parametrize(
    ("aud", "accepted"),
    [
        (["nexus"], True),
        ("nexus", True),
        (["fleet-service"], True),
        (["wallet-ms", "fleet-service"], True),
        (["wallet-ms"], False),
        ("fleet-service-2", False),
        ("fleet", False),
        (["fleet-service,wallet-ms"], False),
    ],
)
def test_the_audience_must_name_the_service_or_the_platform(mint: Mint, aud: object, *, accepted: bool) -> None:
    token = mint.token({"aud": aud})
    if accepted:
        mint.verifier.verify(token, "fleet-service")
    else:
        assert refused(mint, token) == "token_wrong_audience"


def test_a_remembered_token_is_still_refused_by_another_service(mint: Mint) -> None:
    token = mint.token({"aud": ["fleet-service"]})
    mint.verifier.verify(token, "fleet-service")
    assert refused(mint, token, "wallet-ms") == "token_wrong_audience"


@pytest.mark.parametrize("aud", [[], {}, 1, None, [1], [""], [["nexus"]], ["nexus"] * 65, ""])
def test_an_audience_that_is_no_list_of_names_is_malformed(mint: Mint, aud: object) -> None:
    assert refused(mint, mint.token({"aud": aud})) == "token_malformed"


def test_none_is_no_algorithm(mint: Mint) -> None:
    header, payload = json.dumps(mint.header() | {"alg": "none"}), json.dumps(claims_at(NOW))
    for signature in ("", b64(b"x")):
        code = refused(mint, f"{b64(header.encode())}.{b64(payload.encode())}.{signature}")
        assert code in {"token_malformed", "token_wrong_algorithm"}


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("claimed", ["HS256", "HS512"])
def test_a_public_key_used_as_an_hmac_secret_signs_nothing(alg: str, claimed: str) -> None:
    mint = Mint(alg)
    header, payload = json.dumps(mint.header() | {"alg": claimed}), json.dumps(claims_at(NOW))
    signing_input = f"{b64(header.encode())}.{b64(payload.encode())}"
    for secret in (public_pem(mint.private), json.dumps(public_jwk(mint.private, alg)).encode()):
        mac = hmac.digest(secret, signing_input.encode(), hashlib.sha256 if claimed == "HS256" else hashlib.sha512)
        assert refused(mint, f"{signing_input}.{b64(mac)}") == "token_wrong_algorithm"


@pytest.mark.parametrize("alg", ["none", "NONE", "ES256K", "es256", "PS256", "RS256", "EdDSA", None, 1, ["ES256"]])
def test_the_key_decides_on_the_algorithm(mint: Mint, alg: object) -> None:
    header = json.dumps(mint.header() | {"alg": alg})
    assert refused(mint, mint.raw(header, json.dumps(claims_at(NOW)))) == "token_wrong_algorithm"


@pytest.mark.parametrize(
    "extra",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"b64": False, "crit": ["b64"]},
        {"jku": "https://evil.example/jwks.json"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": ["MIIB"]},
        {"jwk": {"kty": "EC"}},
        {"zip": "DEF"},
        {"cty": "JWT"},
        {"typ": "JWT"},
        {"typ": "AT+JWT"},
        {"typ": "id_token"},
        {"typ": None},
        {"kid": None},
        {"kid": 7},
        {"kid": ["k1"]},
    ],
)
def test_a_header_with_anything_else_in_it_is_refused(mint: Mint, extra: dict[str, Any]) -> None:
    assert refused(mint, mint.token(header=extra)) == "token_wrong_type"


def test_a_key_that_the_token_brings_along_is_not_used(mint: Mint) -> None:
    thief = make_private("ES256")
    header = json.dumps(mint.header() | {"jwk": public_jwk(thief, "ES256")})
    assert refused(mint, sign_raw(header, json.dumps(claims_at(NOW)), thief, "ES256")) == "token_wrong_type"


@pytest.mark.parametrize("kid", ["../../etc/passwd", "k1' OR '1'='1", "", "k1\x00", "K1", "/dev/null", "k" * 500])
def test_a_foreign_kid_finds_no_key(mint: Mint, kid: str) -> None:
    assert refused(mint, mint.token(header={"kid": kid})) == "token_unknown_key"


def test_a_token_of_a_foreign_key_under_our_kid_is_refused(mint: Mint) -> None:
    thief = Mint("ES256", mint.kid)
    assert refused(mint, thief.token()) == "token_bad_signature"


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_changed_token_is_refused(mint: Mint, part: int) -> None:
    parts = mint.token().split(".")
    accepted = []
    for position in range(len(parts[part])):
        changed = list(parts)
        text = changed[part]
        changed[part] = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
        try:
            mint.verifier.verify(".".join(changed), "fleet-service")
        except Unauthorised:
            continue
        accepted.append(position)
    assert accepted == []


def test_signature_bits_beyond_the_last_byte_are_not_ignored(mint: Mint) -> None:
    token = mint.token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(token[-1])
    assert last % 16 == 0
    assert refused(mint, token[:-1] + alphabet[last + 1]) == "token_malformed"
    assert refused(mint, token + "==") == "token_malformed"


def test_a_member_that_stands_twice_is_refused(mint: Mint) -> None:
    header, payload = json.dumps(mint.header()), json.dumps(claims_at(NOW))
    assert refused(mint, mint.raw(header, payload[:-1] + ', "sub": "admin"}')) == "token_malformed"
    assert refused(mint, mint.raw(header[:-1] + ', "kid": "k1"}', payload)) == "token_malformed"


@pytest.mark.parametrize("name", ["exp", "iat", "granted_us"])
@pytest.mark.parametrize(
    "value", ["1772366400", "1e3", 1772366400.0, 1e308, -1, True, None, [1772366400], {}, 2**63, 10**400, ""]
)
def test_an_instant_that_is_no_whole_number_is_malformed(mint: Mint, name: str, value: object) -> None:
    assert refused(mint, mint.token({name: value})) == "token_malformed"


@pytest.mark.parametrize("value", ["1772366400", 1772366400.5, True, []])
def test_not_before_may_be_absent_but_not_wrong(mint: Mint, value: object) -> None:
    assert refused(mint, mint.token({"nbf": value})) == "token_malformed"


@pytest.mark.parametrize("name", ["sub", "jti", "tid", "client_id", "iss", "sid"])
@pytest.mark.parametrize("value", [None, "", 1, True, ["a"], {}, "a" * 300, "\ud800", "ü"])
def test_a_name_that_is_no_text_is_malformed(mint: Mint, name: str, value: object) -> None:
    assert refused(mint, mint.token({name: value})) == "token_malformed"


def test_another_issuer_is_refused(mint: Mint) -> None:
    assert refused(mint, mint.token({"iss": ISSUER + "/"})) == "token_wrong_issuer"


@pytest.mark.parametrize("life_s", [0, -5, 601, 86_400])
def test_a_token_that_lives_longer_than_revocations_are_kept_is_refused(mint: Mint, life_s: int) -> None:
    assert refused(mint, mint.token({"exp": claims_at(NOW)["iat"] + life_s})) == "token_malformed"


def test_a_token_expires_with_a_minute_of_grace(mint: Mint) -> None:
    token = mint.token()
    mint.clock.pass_by(seconds=600 + 59)
    mint.verifier.verify(token, "fleet-service")
    mint.clock.pass_by(seconds=1)
    assert refused(mint, token) == "token_expired"


@pytest.mark.parametrize(("ahead_s", "accepted"), [(59, True), (61, False)])
def test_a_token_from_the_future_is_refused_beyond_a_minute(mint: Mint, ahead_s: int, *, accepted: bool) -> None:
    ahead = mint.token(claims_at(NOW + timedelta(seconds=ahead_s)))
    not_before = mint.token({"nbf": claims_at(NOW)["iat"] + ahead_s})
    for token in (ahead, not_before):
        if accepted:
            mint.verifier.verify(token, "fleet-service")
        else:
            assert refused(mint, token) == "token_not_yet_valid"


def test_a_token_over_8_kib_is_refused_unread(mint: Mint) -> None:
    assert refused(mint, mint.token({"padding": "x" * 8192})) == "token_malformed"


@pytest.mark.parametrize(
    ("kind", "value"), [("token", "token-1"), ("session", "session-1"), ("subject", "user-1"), ("key", "k1")]
)
def test_a_revocation_takes_effect_at_the_next_request(mint: Mint, kind: RevocationKind, value: str) -> None:
    token = mint.token()
    mint.verifier.verify(token, "fleet-service")
    mint.trust.revoke(kind, value, NOW, NOW + timedelta(minutes=11))
    expected = "token_unknown_key" if kind == "key" else "token_revoked"
    assert refused(mint, token) == expected
    fresh = JwtVerifier(mint.trust, ISSUER, mint.clock)
    with pytest.raises(Unauthorised, match=expected):
        fresh.verify(token, "fleet-service")


@pytest.mark.parametrize(("kind", "value"), [("token", "token-2"), ("session", "user-1"), ("subject", "session-1")])
def test_a_revocation_hits_nobody_else(mint: Mint, kind: RevocationKind, value: str) -> None:
    mint.trust.revoke(kind, value, NOW, NOW + timedelta(minutes=11))
    mint.verifier.verify(mint.token(), "fleet-service")


def test_a_subject_may_log_in_again_after_its_tokens_were_revoked(mint: Mint) -> None:
    mint.trust.revoke("subject", "user-1", NOW, NOW + timedelta(minutes=11))
    assert refused(mint, mint.token()) == "token_revoked"
    later = claims_at(NOW + timedelta(microseconds=1)) | {"jti": "token-2"}
    mint.verifier.verify(mint.token(later), "fleet-service")


def test_a_retired_key_verifies_until_its_end_and_then_no_more(mint: Mint) -> None:
    token = mint.token()
    mint.trust.retire_key("k1", NOW + timedelta(minutes=5))
    mint.verifier.verify(token, "fleet-service")
    mint.clock.pass_by(minutes=5)
    assert refused(mint, token) == "token_unknown_key"


def test_the_cache_is_bounded_and_forgets_the_least_used() -> None:
    mint = Mint("Ed25519")
    verifier = JwtVerifier(mint.trust, ISSUER, mint.clock, cache_size=3)
    tokens = [mint.token({"jti": f"t{number}"}) for number in range(5)]
    for token in tokens:
        verifier.verify(token, "a")
        verifier.verify(tokens[0], "a")
    assert verifier.cached() == 3


def test_refused_tokens_are_not_remembered(mint: Mint) -> None:
    thief = Mint("ES256", mint.kid)
    for _ in range(3):
        refused(mint, thief.token())
        refused(mint, "no.token.atall")
    assert mint.verifier.cached() == 0


def test_two_keys_verify_side_by_side_during_a_rotation(mint: Mint) -> None:
    successor = Mint("RS256", "k2")
    mint.trust.add_key("k2", public_jwk(successor.private, "RS256"), NOW)
    for token in (mint.token(), successor.token()):
        assert mint.verifier.verify(token, PLATFORM_AUDIENCE).subject == "user-1"
