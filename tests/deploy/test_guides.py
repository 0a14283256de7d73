"""The two guides name what there is: commands, files, services and ports."""

import re
from pathlib import Path

import click
import pytest

from modules.catalogue import DIAGRAM
from nexus_actors.cli.main import nexus

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
GUIDES = ["QUICK_DEPLOY_NEXUS_FULL.md", "NEXUS_COS_FULL_SCAFFOLD_README.md"]
_COMMAND = re.compile(r"(?:\./nexus|nexus_actors\.cli|`nexus) ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
_LINK = re.compile(r"\]\(([^)#:]+)(#[a-z]+)?\)")
_FILE = re.compile(r"^\| `([\w./-]+)` \|", re.MULTILINE)


def text_of(guide: str) -> str:
    return (DEPLOY / guide).read_text()


@pytest.mark.parametrize("guide", GUIDES)
def test_every_command_is_one(guide: str) -> None:
    found = _COMMAND.findall(text_of(guide))
    context = click.Context(nexus)

    assert found
    for name, second in found:
        command = nexus.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            assert second in command.commands, f"{name} {second}"


@pytest.mark.parametrize("guide", GUIDES)
def test_every_link_leads_somewhere(guide: str) -> None:
    for path, anchor in _LINK.findall(text_of(guide)):
        assert (DEPLOY / path).is_file(), path
        assert not anchor or f"## {anchor[1:].capitalize()}\n" in (DEPLOY / path).read_text()


def test_the_files_are_there() -> None:
    section = text_of(GUIDES[1]).partition("## What is here")[2].partition("##")[0]
    listed = set(_FILE.findall(section))

    assert all((DEPLOY / name).exists() for name in listed), listed
    kept = {path.name for path in DEPLOY.iterdir() if path.is_file() and path.suffix not in {".md"} and path.name != ".env"}
    assert kept <= listed


def test_the_services_are_those_of_the_diagram() -> None:
    lines = [f"| {entry.name} | {entry.port} | {entry.module or '-'} | {entry.title} |" for entry in DIAGRAM.services]

    assert "\n".join(lines) in text_of(GUIDES[1])


@pytest.mark.parametrize("script", ["scaffold-all-services.sh", "verify-nexus-deployment.sh"])
def test_scripts_can_be_run(script: str) -> None:
    assert (DEPLOY / script).stat().st_mode & 0o111 == 0o111
