from pathlib import Path

import pytest

from nexus_actors.documents.interface import Interface, interface_of
from nexus_actors.documents.shelf import all_documents, drift, platform_documents, put
from tests.nexus_actors.documents import orchard


@pytest.fixture
def files() -> dict[str, str]:
    return all_documents([interface_of(orchard.service(), orchard)], "1.2.3")


def test_each_service_has_two_documents(files: dict[str, str]) -> None:
    assert files.keys() == {"orchard-ms.asyncapi.json", "orchard-ms.openapi.json", "README.md"}


def test_all_services_are_in_one_on_demand(interfaces: list[Interface]) -> None:
    orchard_alone = platform_documents([interface_of(orchard.service(), orchard)], "1")
    assert orchard_alone.keys() == {"platform.asyncapi.json"}, "no service here passes requests on"
    assert platform_documents(interfaces, "1").keys() == {"platform.asyncapi.json", "platform.openapi.json"}


def test_the_text_is_the_same_each_time(files: dict[str, str]) -> None:
    assert all_documents([interface_of(orchard.service(), orchard)], "1.2.3") == files
    assert all(text.endswith("}\n") for name, text in files.items() if name.endswith(".json"))


def test_what_was_put_has_not_drifted(tmp_path: Path, files: dict[str, str]) -> None:
    put(tmp_path / "docs" / "api", files)
    assert drift(tmp_path / "docs" / "api", files) == []


def test_drift_names_each_file(tmp_path: Path, files: dict[str, str]) -> None:
    put(tmp_path, files)
    (tmp_path / "README.md").unlink()
    (tmp_path / "orchard-ms.openapi.json").write_text("{}")
    (tmp_path / "old-ms.asyncapi.json").write_text("{}")
    assert drift(tmp_path, files) == [
        "README.md is missing",
        "orchard-ms.openapi.json is out of date",
        "old-ms.asyncapi.json describes nothing that is built",
    ]


def test_documents_of_services_that_are_gone_go_and_other_files_stay(tmp_path: Path, files: dict[str, str]) -> None:
    (tmp_path / "old-ms.asyncapi.json").write_text("{}")
    (tmp_path / "notes.json").write_text("{}")
    put(tmp_path, files)
    assert not (tmp_path / "old-ms.asyncapi.json").exists()
    assert (tmp_path / "notes.json").exists()
