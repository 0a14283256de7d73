import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import nexus_actors.cli
from nexus_actors.cli.main import GROUPS, nexus


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A second folder of the package, for commands of a test."""
    monkeypatch.setattr(nexus_actors.cli, "__path__", [*nexus_actors.cli.__path__, str(tmp_path)])
    return tmp_path


def test_every_file_is_a_command() -> None:
    files = {file.stem for file in Path(nexus_actors.cli.__path__[0]).glob("*.py")} - {"__init__", "__main__", "main"}
    context = click.Context(nexus)
    assert nexus.list_commands(context) == sorted(name.replace("_", "-") for name in files if not name.startswith("_"))
    for name in nexus.list_commands(context):
        command = nexus.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str(), f"{name} has no help"


def test_help_shows_each_command_in_one_group() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == nexus.list_commands(click.Context(nexus))
    output = CliRunner().invoke(nexus, ["--help"], terminal_width=100).output
    titles = [line.strip(":") for line in output.splitlines() if line and not line.startswith(" ")]
    assert titles[1:] == ["Options", *GROUPS]
    assert [output.count(f"\n  {name} ") for name in grouped] == [1] * len(grouped)


def test_a_command_of_no_group_is_shown_too(folder: Path) -> None:
    (folder / "dance.py").write_text("import click\n\n@click.command\ndef command():\n    'Dance.'\n")
    assert CliRunner().invoke(nexus, ["--help"]).output.endswith("Further commands:\n  dance  Dance.\n")


def all_commands(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from all_commands(command.get_command(context, name) or command)


def test_every_line_of_an_overview_is_whole() -> None:
    for command in all_commands(nexus):
        if isinstance(command, click.Group):
            overview = CliRunner().invoke(command, ["--help"], terminal_width=80).output.partition("--help")[2]
            assert overview, command.name
            assert "..." not in overview, overview


def test_every_option_says_what_it_does() -> None:
    for command in all_commands(nexus):
        options = [option for option in command.params if isinstance(option, click.Option) and not option.hidden]
        assert all(option.help for option in options), (command.name, options)


def test_what_status_shows_is_said_in_its_help() -> None:
    text = " ".join(CliRunner().invoke(nexus, ["status", "--help"]).output.split())
    assert "keys that wait for no fault of their messages (for a newer release, for the database)" in text


def test_a_new_file_is_a_new_command(folder: Path) -> None:
    (folder / "say_twice.py").write_text(
        "import click\n\n@click.command\n@click.argument('word')\ndef command(word):\n    click.echo(f'{word} {word}')\n"
    )
    (folder / "_private.py").write_text("raise SystemExit('private files are no commands')\n")
    assert CliRunner().invoke(nexus, ["say-twice", "yes"]).output == "yes yes\n"


def test_what_the_character_set_of_the_output_does_not_have_is_shown_as_an_escape(folder: Path) -> None:
    (folder / "say_all.py").write_text(
        "import click\n\n@click.command\ndef command():\n    click.echo('Višnjan é')\n    click.echo('✓', err=True)\n"
    )
    said = CliRunner(charset="latin-1").invoke(nexus, ["say-all"])
    assert (said.stdout, said.stderr) == ("Vi\\u0161njan é\n", "\\u2713\n")


def test_only_the_command_that_is_asked_for_is_loaded(folder: Path) -> None:
    (folder / "broken.py").write_text("raise RuntimeError('it was loaded')\n")
    assert CliRunner().invoke(nexus, ["lock", "--help"]).exit_code == 0
    assert str(CliRunner().invoke(nexus, ["broken"]).exception) == "it was loaded"


def test_a_file_without_a_command_is_named(folder: Path) -> None:
    (folder / "wrong_kind.py").write_text("command = 'a word'\n")
    result = CliRunner().invoke(nexus, ["wrong-kind"])
    assert "wrong-kind: `command` is no click command" in str(result.exception)


def test_an_unknown_command_is_refused() -> None:
    result = CliRunner().invoke(nexus, ["dance"])
    assert result.exit_code == 2
    assert "No such command 'dance'" in result.output


def test_asking_for_help_loads_no_service_code() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from nexus_actors.cli.main import nexus;"
        "CliRunner().invoke(nexus, ['test', '--help']);"
        "sys.exit(', '.join({'aiohttp', 'asyncpg', 'redis'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
