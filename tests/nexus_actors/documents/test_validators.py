"""Public validators accept the documents of the platform."""

from pathlib import Path

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from nexus_actors.documents.interface import Interface
from nexus_actors.documents.shelf import all_documents, platform_documents, put
from tests.nexus_actors.documents.asyncapi_validator import LOCK, SOURCE, Validator

# The first use of the validator installs it.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def folder(interfaces: list[Interface], tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("api")
    put(made, all_documents(interfaces, "1.2.3") | platform_documents(interfaces, "1.2.3"))
    return made


def test_asyncapi_parser_finds_no_fault(folder: Path, interfaces: list[Interface], validate_asyncapi: Validator) -> None:
    findings = validate_asyncapi(folder)
    assert findings.keys() == {f"{name}.asyncapi.json" for name in ("platform", *(each.name for each in interfaces))}
    faults = {name: [finding for finding in found if finding.level != "information"] for name, found in findings.items()}
    assert not any(faults.values()), faults


def test_asyncapi_parser_would_find_faults(tmp_path: Path, folder: Path, validate_asyncapi: Validator) -> None:
    document = msgspec.json.decode((folder / "tracker-ms.asyncapi.json").read_bytes())
    document["channels"]["tracker-ms.events"]["parameters"].pop("partition")
    operation = document["operations"]["tracker-ms.receive.nexus.tracker-ms.end_trip.v1"]
    operation["messages"] = [{"$ref": "#/channels/tracker-ms.events/messages/nexus.tracker-ms.trip_ended.v1"}]
    document["components"]["schemas"]["Fix"]["properties"]["lat"]["minimum"] = "south"
    (tmp_path / "broken.asyncapi.json").write_bytes(msgspec.json.encode(document))
    errors = {
        finding.place.split("/")[0]
        for finding in validate_asyncapi(tmp_path)["broken.asyncapi.json"]
        if finding.level == "error"
    }
    assert errors >= {"channels", "operations", "components"}


def test_openapi_spec_validator_finds_no_fault(folder: Path, interfaces: list[Interface]) -> None:
    files = sorted(folder.glob("*.openapi.json"))
    assert len(files) == len(interfaces) + 1
    for file in files:
        validate(msgspec.json.decode(file.read_bytes()), cls=OpenAPIV31SpecValidator)


def test_the_lock_of_the_validator_names_hashes_and_no_place_to_download_from() -> None:
    packages = msgspec.json.decode((SOURCE / LOCK).read_bytes())["packages"]
    installed = {name: package for name, package in packages.items() if name}
    assert "node_modules/@asyncapi/parser" in installed
    assert all(package["integrity"].startswith("sha512-") for package in installed.values())
    assert not any("resolved" in package for package in installed.values())
