import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.infrastructure.auth.domain.client_secret import digest_of, is_secret, matches, write_secret


@given(st.binary(min_size=32, max_size=32))
def test_a_secret_is_told_from_other_texts(random: bytes) -> None:
    secret = write_secret(random)
    assert is_secret(secret)
    assert matches(secret, digest_of(secret))


@given(st.binary(min_size=32, max_size=32), st.integers(4, 51))
def test_a_mistyped_secret_is_none(random: bytes, position: int) -> None:
    secret = write_secret(random)
    other = "A" if secret[position] != "A" else "B"
    assert not is_secret(secret[:position] + other + secret[position + 1 :])


@pytest.mark.parametrize("text", ["", "nxs_", "nxs_AAAA", "nxr_" + "A" * 48, "nxs_" + "é" * 48])
def test_other_texts_are_none(text: str) -> None:
    assert not is_secret(text)


def test_another_secret_does_not_match() -> None:
    assert not matches(write_secret(b"a" * 32), digest_of(write_secret(b"b" * 32)))
    assert not matches(write_secret(b"a" * 32), None)
