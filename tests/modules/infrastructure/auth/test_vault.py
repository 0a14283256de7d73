import pytest

from modules.infrastructure.auth.vault import BrokenSeal, Vault

OLD, NEW = "o" * 32, "n" * 32


def test_what_is_sealed_opens_for_its_purpose_only() -> None:
    vault = Vault([NEW])
    sealed = vault.seal(b"hash", "password:1")
    assert b"hash" not in sealed
    assert vault.open(sealed, "password:1") == b"hash"
    with pytest.raises(BrokenSeal):
        vault.open(sealed, "password:2")


def test_an_old_key_still_opens() -> None:
    sealed = Vault([OLD]).seal(b"x", "key:k")
    assert Vault([NEW, OLD]).open(sealed, "key:k") == b"x"
    with pytest.raises(BrokenSeal, match="NEXUS_AUTH_KEK"):
        Vault([NEW]).open(sealed, "key:k")


@pytest.mark.parametrize("position", [0, 1, 12, 13, -1])
def test_a_changed_seal_does_not_open(position: int) -> None:
    sealed = bytearray(Vault([NEW]).seal(b"value", "p"))
    sealed[position] ^= 1
    with pytest.raises(BrokenSeal):
        Vault([NEW]).open(bytes(sealed), "p")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" * 12, b"\x01" * 20])
def test_what_was_never_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(BrokenSeal):
        Vault([NEW]).open(sealed, "p")


def test_the_same_value_is_sealed_differently_each_time() -> None:
    vault = Vault([NEW])
    assert vault.seal(b"x", "p") != vault.seal(b"x", "p")


def test_each_use_has_a_key_of_its_own() -> None:
    vault = Vault([NEW, OLD])
    assert len({vault.decoy_key, *vault.refresh_keys}) == 3


def test_a_vault_needs_a_key() -> None:
    with pytest.raises(ValueError, match="NEXUS_AUTH_KEK"):
        Vault([])
