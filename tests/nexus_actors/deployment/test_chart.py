"""The services in the values of the chart, and `nexus chart`, which keeps them true."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from nexus_actors.cli.main import nexus
from nexus_actors.deployment.chart import BEGIN, END, ChartFault, updated
from nexus_actors.platform.loading import load_catalogue

VALUES = Path(__file__).resolve().parents[3] / "deploy/helm/nexus-cos/values.yaml"
CATALOGUE = load_catalogue()


def run(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(nexus, ["chart", f"--file={file}", *arguments])


def test_services_stand_between_the_marks_and_all_else_stays() -> None:
    text = updated(f"replicas: 2\n{BEGIN}old: true\n{END}# more\n", CATALOGUE)

    assert text.startswith(f"replicas: 2\n{BEGIN}services:\n")
    assert text.endswith(f"{END}# more\n")
    assert updated(text, CATALOGUE) == text
    services = yaml.safe_load(text)["services"]
    assert list(services) == [entry.name for entry in CATALOGUE.built()]
    assert [name for name, service in services.items() if service.get("sealsKeys")] == ["auth-ms"]


def test_values_without_marks_are_refused() -> None:
    with pytest.raises(ChartFault, match="lost the marks"):
        updated("services: {}\n", CATALOGUE)


def test_the_check_passes_and_fails_when_a_port_is_changed_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(VALUES.read_text())
    assert run(file, "--check").exit_code == 0

    changed = VALUES.read_text().replace("port: 8081", "port: 8181")
    file.write_text(changed)
    result = run(file, "--check")

    assert (result.exit_code, result.output) == (1, "values.yaml is out of date. Run: nexus chart\n")
    assert file.read_text() == changed
    assert run(file).exit_code == 0
    assert file.read_text() == VALUES.read_text()


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    result = run(tmp_path / "none.yaml")
    assert result.exit_code == 1
    assert "Cannot read" in result.output
