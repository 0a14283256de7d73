"""Logs of several workers as one."""

from pathlib import Path

from click.testing import CliRunner

from nexus_actors.cli.logs import command, merged


def line(second: int, service: str, event: str) -> str:
    return f'{{"time":"2026-03-02T07:00:{second:02}.000Z","level":"info","service":"{service}","event":"{event}"}}'


def test_logs_are_merged_by_time() -> None:
    one = [line(1, "a", "first"), line(3, "a", "third")]
    two = [line(2, "b", "second"), "Traceback", "  more", line(4, "b", "fourth")]
    assert merged([one, two], 9) == [one[0], two[0], two[1], two[2], one[1], two[3]]
    assert merged([one, two], 2) == [one[1], two[3]]
    assert merged([one, two], 0) == []


def run(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(command, arguments, env={"NEXUS_DATA_DIR": str(folder)})
    return result.exit_code, result.output.splitlines()


def test_the_lines_of_one_service_are_shown(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "worker-1.log").write_text("\n".join([line(1, "auth-ms", "x"), line(2, "tracker-ms", "y")]) + "\n")
    (logs / "worker-2.log").write_text(line(0, "auth-ms", "z") + "\n")
    assert run(tmp_path, "auth-ms", "--json") == (0, [line(0, "auth-ms", "z"), line(1, "auth-ms", "x")])
    assert run(tmp_path, "--json", "-n", "1") == (0, [line(2, "tracker-ms", "y")])
    code, shown = run(tmp_path, "auth-ms", "-n", "1")
    assert (code, [text.split()[1:] for text in shown]) == (0, [["info", "auth-ms", "x"]])


def test_other_logs_are_shown_by_name(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "server.log").write_text("LOG: ready\n")
    assert run(tmp_path, "postgres") == (0, ["LOG: ready"])


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    code, shown = run(tmp_path, "auth-ms")
    assert code == 0
    assert "There is no log" in shown[0]
    code, shown = run(tmp_path, "nonsense")
    assert code == 2
    assert "no service 'nonsense'" in shown[-1]
