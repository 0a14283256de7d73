import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from modules.infrastructure.auth.domain.grant import Grant, claims_of, microseconds
from modules.infrastructure.auth.signing import ALGORITHMS, load_pair, make_key
from nexus_actors.security.trust import TrustStore
from nexus_actors.security.verifier import JwtVerifier

NOW = datetime(2026, 3, 1, 12, 0, 0, 999_999, tzinfo=UTC)
GRANT = Grant(subject="u1", tenant="main", scopes=frozenset({"b:c", "a:b"}), granted_at=NOW, session_id="s1")


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_what_we_sign_we_verify(alg: str) -> None:
    made = make_key(alg)
    trust = TrustStore()
    trust.add_key(made.kid, made.jwk, NOW)
    token = load_pair(made.kid, made.alg, made.private).sign(claims_of(GRANT, "nexus-cos", "t1"))
    principal = JwtVerifier(trust, "nexus-cos", lambda: NOW).verify(token, "fleet-service")
    assert (principal.subject, principal.tenant, principal.session_id) == ("u1", "main", "s1")
    assert principal.scopes == {"a:b", "b:c"}


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_what_we_sign_others_verify(alg: str) -> None:
    made = make_key(alg)
    claims = claims_of(GRANT, "nexus-cos", "t1") | {"exp": 4_000_000_000}
    token = load_pair(made.kid, made.alg, made.private).sign(claims)
    key = jwt.PyJWK(made.jwk).key
    read = jwt.decode(token, key, algorithms=[alg], audience="nexus", issuer="nexus-cos", options={"verify_iat": False})
    assert read["scope"] == "a:b b:c"
    assert jwt.get_unverified_header(token) == {"alg": alg, "kid": made.kid, "typ": "at+jwt"}


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_the_published_half_holds_nothing_private(alg: str) -> None:
    made = make_key(alg)
    assert not {"d", "p", "q", "dp", "dq", "qi"} & made.jwk.keys()
    assert "d" in json.loads(made.private)


def test_other_algorithms_are_not_made() -> None:
    with pytest.raises(ValueError, match="Choose one of"):
        make_key("HS256")


def test_the_instant_of_a_grant_is_exact() -> None:
    assert microseconds(NOW) == int(NOW.timestamp()) * 1_000_000 + 999_999
    assert claims_of(GRANT, "i", "t")["exp"] - claims_of(GRANT, "i", "t")["iat"] == 600
    later = NOW + timedelta(microseconds=1)
    assert microseconds(later) == microseconds(NOW) + 1
