from datetime import datetime, timedelta
from itertools import permutations
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from nexus_actors.security.contract import SigningKeyPublished, SigningKeyRetired, TokensRevoked
from nexus_actors.security.keys import UnusableKey, public_key
from nexus_actors.security.trust import TrustEvent, TrustStore
from tests.nexus_actors.security.minting import NOW, make_private, public_jwk

JWK = public_jwk(make_private("ES256"), "ES256")
MINUTE = timedelta(minutes=1)


def published(kid: str = "k1") -> SigningKeyPublished:
    return SigningKeyPublished(ring="platform", kid=kid, jwk=JWK, activates_at=NOW)


def retired(at: datetime, kid: str = "k1") -> SigningKeyRetired:
    return SigningKeyRetired(ring="platform", kid=kid, retires_at=at)


def revoked(value: str, at: datetime, life: timedelta = 11 * MINUTE) -> TokensRevoked:
    return TokensRevoked(kind="subject", value=value, revoked_at=at, not_after=at + life, reason="test")


def test_a_key_is_known_from_its_publication_to_its_retirement() -> None:
    store = TrustStore()
    assert store.key("k1", NOW) is None
    store.apply(published())
    store.apply(retired(NOW + MINUTE))
    assert store.key("k1", NOW) is not None
    assert store.key("k1", NOW + MINUTE) is None


def test_a_publication_that_is_seen_again_does_not_bring_a_key_back() -> None:
    events: list[TrustEvent] = [published(), retired(NOW), published(), retired(NOW + MINUTE)]
    for order in permutations(events):
        store = TrustStore()
        for event in order:
            store.apply(event)
        assert store.key("k1", NOW) is None


def test_a_known_kid_keeps_its_key() -> None:
    store = TrustStore()
    store.apply(published())
    before = store.key("k1", NOW)
    other = public_jwk(make_private("ES256"), "ES256")
    store.apply(SigningKeyPublished(ring="platform", kid="k1", jwk=other, activates_at=NOW))
    assert store.key("k1", NOW) is before


@given(
    st.lists(
        st.builds(
            revoked,
            st.sampled_from(["a", "b", "c"]),
            st.integers(0, 30).map(lambda minutes: NOW + minutes * MINUTE),
            st.just(60 * MINUTE),
        ),
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_order_and_repetition_do_not_matter(events: list[TrustEvent], random: Random) -> None:
    once, shuffled = TrustStore(), TrustStore()
    for event in events:
        once.apply(event)
    again = events + events
    random.shuffle(again)
    for event in again:
        shuffled.apply(event)
    for value in ("a", "b", "c"):
        for minute in range(-1, 32):
            at = NOW + minute * MINUTE
            assert once.revoked("subject", value, at) == shuffled.revoked("subject", value, at)


def test_revocations_are_forgotten_once_their_tokens_have_expired() -> None:
    store = TrustStore()
    for number in range(100):
        store.apply(revoked(f"u{number}", NOW + number * MINUTE))
    assert store.revocation_count() == 11
    assert not store.revoked("subject", "u0")
    assert store.revoked("subject", "u99")


def test_a_revocation_that_was_prolonged_is_kept() -> None:
    store = TrustStore()
    store.apply(revoked("a", NOW, MINUTE))
    store.apply(revoked("a", NOW, 60 * MINUTE))
    store.apply(revoked("b", NOW + 5 * MINUTE))
    assert store.revoked("subject", "a", NOW)


@settings(max_examples=5, deadline=None)
@given(st.sampled_from(["ES256", "RS256", "Ed25519"]))
def test_public_keys_of_the_allowed_algorithms_are_usable(alg: str) -> None:
    assert public_key(public_jwk(make_private(alg), alg))[0] == alg


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "HS256", "kty": "oct"},
        {"alg": "RS256"},
        {"alg": "ES384"},
        {"alg": ""},
        {"crv": "secp256k1"},
        {"crv": "P-384"},
        {"d": "AAAA"},
        {"k": "AAAA"},
        {"x": "AAAA"},
        {"x": "!!"},
        {"y": ""},
    ],
)
def test_other_keys_are_not(change: dict[str, str]) -> None:
    with pytest.raises(UnusableKey):
        public_key(JWK | change)


def test_a_short_rsa_key_is_not_usable() -> None:
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it is what must be refused
    with pytest.raises(UnusableKey):
        public_key(public_jwk(short, "RS256"))
