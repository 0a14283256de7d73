"""What the command line logs in with."""

from pathlib import Path

import pytest

from nexus_actors.local.credentials import Credentials, database_name, load_credentials, save_credentials

CREDENTIALS = Credentials(database="embedded", issuer="auth-ms", client_id="7", client_secret="very-secret")


def test_they_come_back_and_are_private(tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    assert load_credentials(file) is None
    save_credentials(file, CREDENTIALS)
    assert load_credentials(file) == CREDENTIALS
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("nonsense")
    assert load_credentials(file) is None


def test_they_do_not_show_their_secret() -> None:
    assert "very-secret" not in repr(CREDENTIALS)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("postgresql://a:1@h:1/d", "postgresql://a:2@h:1/d", True),
        ("postgresql://a:1@h:1/d", "postgresql://a:1@h:2/d", False),
        ("postgresql://a:1@h:1/d", "postgresql://a:1@h:1/e", False),
        ("postgresql://a:1@h:1/d", "postgresql://a:1@i:1/d", False),
        ("postgresql://a:1@h:1,i:2/d", "postgresql://a:2@h:1,i:2/d", True),
        ("postgresql://a:1@h:1,i:2/d", "postgresql://a:1@h:1,j:2/d", False),
    ],
)
def test_a_database_is_told_by_where_it_is(one: str, other: str, same: bool) -> None:
    assert (database_name(one, embedded=False) == database_name(other, embedded=False)) is same


def test_our_own_database_is_the_same_on_any_port() -> None:
    assert database_name("postgresql://h:1/d", embedded=True) == database_name("postgresql://h:2/d", embedded=True)
