"""`nexus deploy`: the platform in containers."""

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click

from nexus_actors.cli.platform.checkout import CHECKOUT, environment, home_of
from nexus_actors.cli.terminal.failures import told
from nexus_actors.deployment.compose import ComposeFault, updated
from nexus_actors.deployment.secrets_file import LOOPBACK, PROJECT, Deployment, read_deployment, secrets_text, write_new
from nexus_actors.platform.loading import load_catalogue
from nexus_actors.settings.config import variable

_FOLDER: Final = CHECKOUT / "deploy"
_DATA: Final = "containers"

_env_file = click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    default=_FOLDER / ".env",
    help="The file of secrets.  [default: deploy/.env]",
)


@click.group(short_help="Run the platform in containers.")
def command() -> None:
    """Run the platform in containers: see deploy/docker-compose.nexus-full.yml."""


@command.command
@_env_file
@click.option("--bind", default=LOOPBACK, show_default=True, help="The address of this machine to publish the ports on.")
@click.option("--port-offset", type=click.IntRange(0, 50_000), default=0, show_default=True, help="Added to every port.")
def init(env_file: Path, bind: str, port_offset: int) -> None:
    """Make the file of secrets, for its owner alone. One that is there is left as it is."""
    with told():
        write_new(env_file, secrets_text(load_catalogue(), secrets.token_urlsafe, bind=bind, port_offset=port_offset))
    click.echo(f"Made {env_file} (mode 600). Keep a copy of it in a safe place.")


@command.command(short_help="Bring the compose file to what the catalogue says.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where the file is out of date.")
@click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path),
    default=_FOLDER / "docker-compose.nexus-full.yml",
    help="The compose file.  [default: deploy/docker-compose.nexus-full.yml]",
)
def compose(file: Path, *, check: bool) -> None:
    """Bring the services in the compose file to what the catalogue says."""
    with told():
        try:
            text = file.read_text()
        except OSError as error:
            raise ComposeFault(f"Cannot read {file}: {error.strerror}.") from error
        fresh = updated(text, load_catalogue())
    if fresh == text:
        click.echo(f"{file.name} is up to date.")
    elif check:
        click.echo(f"{file.name} is out of date. Run: nexus deploy compose", err=True)
        sys.exit(1)
    else:
        file.write_text(fresh)
        click.echo(f"Wrote {file}.")


@command.command(short_help="Make the containers' signing key and first accounts.")
@_env_file
def accounts(env_file: Path) -> None:
    """Make what the containers lack before anybody can log in: signing key, first administrator, account of this command line.

    The password is shown once. It goes neither into a log nor into a container.
    """
    with told():
        deployment = read_deployment(env_file)
        environ = host_environment(deployment, environment())
    _become(["first-accounts"], {**environ, variable("auth_kek"): deployment.auth_kek})


@command.command(
    "exec",
    short_help="Run another command against the containers.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@_env_file
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND...")
def execute(env_file: Path, arguments: tuple[str, ...]) -> None:
    """Run another command of nexus against the containers, such as: nexus deploy exec demo fleet."""
    with told():
        environ = host_environment(read_deployment(env_file), environment())
    _become(arguments, environ)


def _become(arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    """Go on as another command of nexus."""
    command = [sys.executable, "-P", "-m", "nexus_actors.cli", *arguments]
    os.execve(sys.executable, command, environ)  # noqa: S606 - there is no shell to be fooled


def host_environment(deployment: Deployment, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of a command of this machine that is about the containers.

    Its data folder lies within that of this machine, so that the accounts of the one are not taken for those of the other.
    """
    return {
        **environ,
        PROJECT: deployment.project,
        variable("database_url"): deployment.database_url,
        variable("redis_url"): deployment.redis_url,
        variable("host"): deployment.host,
        variable("port_offset"): str(deployment.port_offset),
        variable("data_dir"): str(home_of(environ).path / _DATA),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
