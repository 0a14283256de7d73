from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from nexus_actors.cli import docs
from nexus_actors.compatibility.snapshot import Snapshot


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    return tmp_path / "contracts" / "accepted"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "api"


def run(out: Path, schemas: Path, *options: str) -> Result:
    return CliRunner().invoke(docs.command, [f"--out={out}", f"--schemas={schemas}", *options])


def change(schemas: Path, name: str, **changes: object) -> None:
    """Let the snapshot say something else of a message."""
    path = schemas / "fleet-service.json"
    accepted = msgspec.json.decode(path.read_bytes(), type=Snapshot)
    accepted.messages[name] = msgspec.structs.replace(accepted.messages[name], **changes)
    path.write_bytes(msgspec.json.encode(accepted))


def test_it_writes_documents_and_says_where(out: Path, schemas: Path) -> None:
    result = run(out, schemas)
    assert result.exit_code == 0, result.output
    assert f"{out}: " in result.output
    assert (out / "fleet-service.asyncapi.json").is_file()
    assert not (out / "platform.openapi.json").exists()
    assert not schemas.exists(), "schemas are accepted on demand only"


def test_what_it_wrote_passes_the_check(out: Path, schemas: Path) -> None:
    assert run(out, schemas, "--accept-schemas").exit_code == 0
    result = run(out, schemas, "--check")
    assert (result.exit_code, result.output) == (0, "Documents and schemas are up to date.\n")


def test_the_check_names_documents_that_drifted_and_writes_nothing(out: Path, schemas: Path) -> None:
    run(out, schemas, "--accept-schemas")
    (out / "tracker-ms.openapi.json").write_text("{}\n")
    result = run(out, schemas, "--check")
    assert result.exit_code == 1
    assert result.output == "api/tracker-ms.openapi.json is out of date\n\nRun ./nexus docs.\n"
    assert (out / "tracker-ms.openapi.json").read_text() == "{}\n"


def test_the_check_asks_for_a_snapshot_that_is_missing(out: Path, schemas: Path) -> None:
    run(out, schemas)
    result = run(out, schemas, "--check")
    assert result.exit_code == 1
    assert "accepted has none" in result.output


def test_additions_are_noticed_and_accepted(out: Path, schemas: Path) -> None:
    run(out, schemas, "--accept-schemas")
    path = schemas / "tracker-ms.json"
    accepted = msgspec.json.decode(path.read_bytes(), type=Snapshot)
    accepted.messages.popitem()
    path.write_bytes(msgspec.json.encode(accepted))
    assert "accepted/tracker-ms.json lacks what was added since" in run(out, schemas, "--check").output
    assert run(out, schemas, "--accept-schemas").exit_code == 0
    assert run(out, schemas, "--check").exit_code == 0


def test_a_breaking_change_is_refused_with_advice_until_it_is_accepted_as_one(out: Path, schemas: Path) -> None:
    run(out, schemas, "--accept-schemas")
    change(schemas, "nexus.fleet-service.vehicle_retired.v1", key="plate")
    words = "nexus.fleet-service.vehicle_retired.v1: its key is vehicle_id, was plate"
    before = (schemas / "fleet-service.json").read_bytes()
    for option in ("--check", "--accept-schemas"):
        result = run(out, schemas, option)
        assert result.exit_code == 1
        assert words in result.output
        assert "upcast()" in result.output
        assert (schemas / "fleet-service.json").read_bytes() == before
    result = run(out, schemas, "--accept-breaking")
    assert result.exit_code == 0
    assert f"accepted: breaking: {words}" in result.output
    assert run(out, schemas, "--check").exit_code == 0


def test_a_snapshot_that_cannot_be_read_is_no_empty_one(out: Path, schemas: Path) -> None:
    schemas.mkdir(parents=True)
    (schemas / "fleet-service.json").write_text("[]")
    result = run(out, schemas, "--accept-schemas")
    assert result.exit_code == 1
    assert "is no snapshot of schemas" in result.output
    assert (schemas / "fleet-service.json").read_text() == "[]"


def test_a_service_that_is_gone_breaks_what_was_written_for_it(out: Path, schemas: Path) -> None:
    run(out, schemas, "--accept-schemas")
    (schemas / "tracker-ms.json").rename(schemas / "tricker-ms.json")
    assert "breaking: nexus.tracker-ms.end_trip.v1: is gone" in run(out, schemas, "--check").output
    assert run(out, schemas, "--accept-breaking").exit_code == 0
    assert not (schemas / "tricker-ms.json").exists()


def test_all_services_in_one_are_written_elsewhere(out: Path, schemas: Path, tmp_path: Path) -> None:
    result = run(out, schemas, f"--platform={tmp_path / 'all'}")
    assert (result.exit_code, sorted(path.name for path in (tmp_path / "all").iterdir())) == (
        0,
        ["platform.asyncapi.json", "platform.openapi.json"],
    )
    assert not out.exists()


def test_a_platform_that_cannot_be_loaded_is_an_error(out: Path, schemas: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nexus_actors.platform.loading.importlib.import_module", _refuse)
    result = run(out, schemas)
    assert result.exit_code == 1
    assert "Cannot import modules.catalogue: none here" in result.output
    assert not out.exists()


def _refuse(name: str) -> None:
    raise ImportError("none here")
