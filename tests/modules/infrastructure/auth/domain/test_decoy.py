from modules.infrastructure.auth.domain.decoy import DECOYS, decoy_user
from nexus_actors.security.contract import AUTH


def test_an_address_has_one_decoy_and_there_are_few() -> None:
    decoys = {decoy_user(b"k", "main", f"user{number}@example.org") for number in range(20_000)}
    assert len(decoys) <= DECOYS
    assert decoy_user(b"k", "main", "a@b.org") == decoy_user(b"k", "main", "a@b.org")
    assert len({AUTH.partition_of(str(decoy)) for decoy in decoys}) == AUTH.partitions


def test_it_takes_the_key_to_know_it() -> None:
    assert decoy_user(b"k", "main", "a@b.org") != decoy_user(b"x", "main", "a@b.org")
