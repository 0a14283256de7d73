"""Files are made, never overwritten."""

from pathlib import Path

import pytest

from nexus_actors.scaffold.errors import CannotScaffold
from nexus_actors.scaffold.writing import write_new


def test_files_are_written_and_told(tmp_path: Path) -> None:
    assert write_new(tmp_path, {"a/b.txt": "b"}, {"a/all.txt": "all"}) == ["a/all.txt", "a/b.txt"]
    assert (tmp_path / "a/b.txt").read_text() == "b"


def test_what_services_share_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "all.txt").write_text("mine")

    assert write_new(tmp_path, {"b.txt": "b"}, {"all.txt": "all"}) == ["b.txt"]
    assert (tmp_path / "all.txt").read_text() == "mine"


def test_nothing_is_written_where_one_file_is_there(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("mine")

    with pytest.raises(CannotScaffold, match=r"a file already: b\.txt"):
        write_new(tmp_path, {"a.txt": "a", "b.txt": "b"}, {"all.txt": "all"})
    assert [path.name for path in tmp_path.iterdir()] == ["b.txt"]
    assert (tmp_path / "b.txt").read_text() == "mine"


def test_nothing_stays_where_writing_fails(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("this is none")

    with pytest.raises(CannotScaffold, match="Nothing was kept"):
        write_new(tmp_path, {"a.txt": "a", "folder/b.txt": "b"}, {})
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
