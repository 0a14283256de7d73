"""The data folder: what is in it, who may read it, and what removing it removes."""

from pathlib import Path

import msgspec
import pytest

from nexus_actors.local.errors import CannotStart
from nexus_actors.local.home import Home
from tests.nexus_actors.local.states import STATE


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "nexus")
    made.make()
    return made


def test_the_key_is_made_once_and_is_private(home: Home) -> None:
    texts = iter(["a" * 64, "b" * 64])
    assert home.key(lambda _: next(texts)) == home.key(lambda _: next(texts)) == "a" * 64
    assert (home.path / "auth-kek").stat().st_mode & 0o777 == 0o600


def test_the_state_comes_back_as_it_was_written_and_is_private(home: Home) -> None:
    home.save(STATE)
    assert home.state == STATE
    assert (home.path / "run.json").stat().st_mode & 0o777 == 0o600


def test_a_state_is_none_before_and_after(home: Home) -> None:
    assert home.state is None
    home.save(STATE)
    home.forget_state()
    home.forget_state()
    assert home.running() is None


@pytest.mark.parametrize("content", [b"", b"{", b'{"pid": "x"}', b"\xff"])
def test_a_state_that_cannot_be_read_is_none(home: Home, content: bytes) -> None:
    (home.path / "run.json").write_bytes(content)
    assert home.state is None


def test_a_state_of_a_later_release_is_read_as_far_as_it_is_known(home: Home) -> None:
    document = msgspec.to_builtins(STATE) | {"something_new": 1}
    (home.path / "run.json").write_bytes(msgspec.json.encode(document))
    assert home.state == STATE


@pytest.mark.anyio
async def test_only_what_holds_the_lock_runs(home: Home) -> None:
    home.save(STATE)
    assert home.running() is None
    assert await home.lock.claim()
    assert home.running() == STATE
    home.lock.release()


def test_erasing_removes_what_is_the_platforms_and_nothing_else(home: Home) -> None:
    venv = home.path / "venv"
    venv.mkdir()
    (home.postgres / "cluster").mkdir(parents=True)
    (home.postgres / "cluster" / "PG_VERSION").write_text("18")
    home.redis.mkdir()
    home.save(STATE)
    home.key(lambda _: "k")
    home.log_of("up").write_text("x")
    home.erase()
    assert [path.name for path in home.path.iterdir()] == ["venv"]
    assert list(home.contents()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="NEXUS_DATA_DIR"):
        Home(tmp_path / "file" / "nexus").make()
