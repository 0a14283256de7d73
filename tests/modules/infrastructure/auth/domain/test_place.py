import pytest

from modules.infrastructure.auth.domain.place import UNKNOWN_PLACE, place_of


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("::1", "::/48"),
        ("", UNKNOWN_PLACE),
        (None, UNKNOWN_PLACE),
        ("unix:", UNKNOWN_PLACE),
        ("203.0.113.77:80", UNKNOWN_PLACE),
    ],
)
def test_an_address_is_kept_as_its_network(address: str | None, place: str) -> None:
    assert place_of(address) == place
