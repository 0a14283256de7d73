"""The file of secrets: made once, for its owner alone, and read back."""

import re
from collections.abc import Callable
from pathlib import Path
from secrets import token_urlsafe

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_actors.deployment.secrets_file import SecretsFault, read_deployment, secrets_text, write_new
from nexus_actors.platform.loading import load_catalogue
from nexus_actors.settings.config import Settings

CATALOGUE = load_catalogue()
EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing listens here


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a file of secrets."""

    def write(text: str) -> Path:
        write_new(tmp_path / ".env", text)
        return tmp_path / ".env"

    return write


def test_the_secrets_are_random_and_fit_for_production(written: Callable[[str], Path]) -> None:
    made = read_deployment(written(secrets_text(CATALOGUE, token_urlsafe)))
    environ = {
        "NEXUS_ENVIRONMENT": "production",
        "NEXUS_DATABASE_URL": made.database_url,
        "NEXUS_REDIS_URL": made.redis_url,
        "NEXUS_AUTH_KEK": made.auth_kek,
    }
    Settings.load(environ)
    values = re.findall(r"(?:PASSWORD|KEK)=(\S+)", secrets_text(CATALOGUE, token_urlsafe))
    assert len(set(values)) == 3
    assert made.auth_kek not in values


def test_it_is_for_its_owner_alone_and_never_overwritten(written: Callable[[str], Path]) -> None:
    file = written("first\n")
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SecretsFault, match="is there already and is left as it is"):
        write_new(file, "second\n")
    assert file.read_text() == "first\n"


def test_it_says_when_it_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(SecretsFault, match="No such file"):
        write_new(tmp_path / "absent" / ".env", "")


@given(offset=st.integers(0, 50_000), bind=st.sampled_from(["127.0.0.1", EVERYWHERE, "10.1.2.3", "::1"]))
def test_what_was_asked_for_is_read_back(tmp_path_factory: pytest.TempPathFactory, offset: int, bind: str) -> None:
    file = tmp_path_factory.mktemp("secrets") / ".env"
    write_new(file, secrets_text(CATALOGUE, token_urlsafe, bind=bind, port_offset=offset))
    found = read_deployment(file)
    assert found.port_offset == offset
    assert found.host == ("127.0.0.1" if bind == EVERYWHERE else bind)
    assert f":{5432 + offset}/nexus" in found.database_url
    assert f":{6380 + offset}/0" in found.redis_url
    assert (f"TRACKER_MS_PORT={8081 + offset}\n" in file.read_text()) == (offset > 0)
    assert found.auth_kek not in repr(found)


def test_ports_beyond_the_last_are_refused() -> None:
    with pytest.raises(SecretsFault, match="ott-api"):
        secrets_text(CATALOGUE, token_urlsafe, port_offset=60_000)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("NEXUS_AUTH_KEK", "OTHER", "lacks NEXUS_AUTH_KEK"),
        ("PORT_OFFSET=0", "PORT_OFFSET=many", "no whole number"),
    ],
)
def test_a_file_that_is_no_good_is_told(written: Callable[[str], Path], old: str, new: str, message: str) -> None:
    file = written(secrets_text(CATALOGUE, token_urlsafe).replace(old, new))
    with pytest.raises(SecretsFault, match=message):
        read_deployment(file)


def test_a_file_that_others_may_read_is_refused(written: Callable[[str], Path]) -> None:
    file = written(secrets_text(CATALOGUE, token_urlsafe))
    file.chmod(0o640)
    with pytest.raises(SecretsFault, match="chmod 600"):
        read_deployment(file)


def test_an_absent_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SecretsFault, match="nexus deploy init"):
        read_deployment(tmp_path / ".env")
