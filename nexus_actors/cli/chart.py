"""`nexus chart`: keep the Helm chart true to the catalogue."""

import sys
from pathlib import Path

import click

from nexus_actors.cli.platform.checkout import CHECKOUT
from nexus_actors.cli.terminal.failures import told
from nexus_actors.deployment.chart import ChartFault, updated
from nexus_actors.platform.loading import load_catalogue


@click.command(short_help="Bring the Helm chart's services to what the catalogue says.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where the values are out of date.")
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    default=CHECKOUT / "deploy/helm/nexus-cos/values.yaml",
    help="The values.  [default: deploy/helm/nexus-cos/values.yaml]",
)
def command(file: Path, *, check: bool) -> None:
    """Bring the services in the values of the Helm chart to what the catalogue says."""
    with told():
        try:
            text = file.read_text(encoding="utf-8")
        except OSError as error:
            raise ChartFault(f"Cannot read {file}: {error.strerror}.") from error
        fresh = updated(text, load_catalogue())
    if fresh == text:
        click.echo(f"{file.name} is up to date.")
    elif check:
        click.echo(f"{file.name} is out of date. Run: nexus chart", err=True)
        sys.exit(1)
    else:
        file.write_text(fresh, encoding="utf-8")
        click.echo(f"Wrote {file}.")
