"""`nexus deploy`: what it writes, and what it says."""

import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nexus_actors.cli import deploy
from nexus_actors.cli.platform.checkout import CHECKOUT

FILE = CHECKOUT / "deploy" / "docker-compose.nexus-full.yml"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(deploy.command, arguments)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    file = tmp_path / ".env"
    assert run("init", f"--env-file={file}", "--port-offset=100").exit_code == 0
    return file


def test_init_makes_secrets_once_and_does_not_show_them(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    result = run("init", f"--env-file={file}")
    assert result.exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    assert not [line for line in text.splitlines() if "=" in line and line.partition("=")[2] in result.output.split()]
    again = run("init", f"--env-file={file}")
    assert again.exit_code == 1
    assert "is there already" in again.output
    assert file.read_text() == text


def test_the_file_of_the_checkout_passes_the_check() -> None:
    result = run("compose", "--check")
    assert (result.exit_code, result.output) == (0, "docker-compose.nexus-full.yml is up to date.\n")


def test_a_port_that_was_changed_by_hand_is_noticed_and_put_right(tmp_path: Path) -> None:
    copy = tmp_path / FILE.name
    copy.write_text(FILE.read_text().replace(":-8081}:8081", ":-8081}:9999"))
    changed = copy.read_text()
    check = run("compose", "--check", f"--file={copy}")
    assert check.exit_code == 1
    assert "out of date. Run: nexus deploy compose" in check.output
    assert copy.read_text() == changed
    assert run("compose", f"--file={copy}").exit_code == 0
    assert copy.read_text() == FILE.read_text()


def test_an_absent_compose_file_is_told(tmp_path: Path) -> None:
    result = run("compose", f"--file={tmp_path / 'absent.yml'}")
    assert result.exit_code == 1
    assert "Cannot read" in result.output


def test_exec_runs_another_command_with_the_containers_variables(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda *arguments: became.append(arguments))
    monkeypatch.setenv("NEXUS_DATA_DIR", str(env_file.parent))
    assert run("exec", f"--env-file={env_file}", "tail", "fleet-service", "--count", "1").exit_code == 0
    ((program, arguments, environ),) = became
    assert program == sys.executable
    assert arguments[1:] == ["-P", "-m", "nexus_actors.cli", "tail", "fleet-service", "--count", "1"]
    assert environ["NEXUS_PORT_OFFSET"] == "100"
    assert "@127.0.0.1:5532/nexus" in environ["NEXUS_DATABASE_URL"]
    assert "@127.0.0.1:6480/0" in environ["NEXUS_REDIS_URL"]
    assert environ["COMPOSE_PROJECT_NAME"] == "nexus-cos"
    assert environ["NEXUS_DATA_DIR"] == str(env_file.parent / "containers"), "its accounts are not those of `nexus up`"


def test_accounts_are_made_with_the_key_of_auth(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda *arguments: became.append(arguments))
    assert run("accounts", f"--env-file={env_file}").exit_code == 0
    ((_, arguments, environ),) = became
    assert arguments[-1] == "first-accounts"
    assert f"NEXUS_AUTH_KEK={environ['NEXUS_AUTH_KEK']}\n" in env_file.read_text()


@pytest.mark.parametrize("command", [["accounts"], ["exec", "status"]])
def test_without_secrets_it_says_what_to_do(tmp_path: Path, command: list[str]) -> None:
    name, *rest = command
    result = run(name, f"--env-file={tmp_path / '.env'}", *rest)
    assert result.exit_code == 1
    assert "Make it with: nexus deploy init" in result.output
