"""`nexus verify`: the health verification of the whole platform."""

from collections.abc import Iterator, Sequence
from typing import Final

import anyio
import click

from nexus_actors.catalogue import Catalogue, ServiceEntry
from nexus_actors.cli.platform.checkout import environment, home_of
from nexus_actors.cli.terminal.failures import told
from nexus_actors.config import Settings
from nexus_actors.loading import load_catalogue
from nexus_actors.local.health import Sighting, look_around

_WIDE: Final = 64
_LAYERS: Final = {"infrastructure": "INFRASTRUCTURE SERVICES", "core": "CORE PLATFORM"}


@click.command
@click.option("--host", help="Where the services listen.  [default: that of the platform on this machine]")
@click.option("--port-offset", type=click.IntRange(0, 50_000), help="What is added to their ports.  [default: likewise]")
def command(host: str | None, port_offset: int | None) -> None:
    """Check the health of every service, by layer and module, and sum up.

    A service passes when /health answers 200 under its name with the status ok and has all that it depends on. One that is
    not built is shown as such and does not count. Exits with 0 only when all that are built pass.
    """
    environ = environment()
    catalogue = load_catalogue()
    with told():
        state = home_of(environ).running()
        settings = Settings.load(environ, secrets=())
        known_host, known_offset = (state.host, state.port_offset) if state else (settings.host, settings.port_offset)
        offset = known_offset if port_offset is None else port_offset
        seen = anyio.run(look_around, catalogue.services, host or known_host, offset)
    click.echo("\n".join(report(catalogue, seen)))
    raise SystemExit(0 if all(s.is_healthy for s in seen if s.state != "not built") else 1)


def report(catalogue: Catalogue, seen: Sequence[Sighting]) -> Iterator[str]:
    """The lines of the verification."""
    found = {sighting.service: sighting for sighting in seen}
    yield from _box("NEXUS COS - DEPLOYMENT VERIFICATION")
    for title, services in sections(catalogue):
        yield from ["", "═" * (_WIDE - 1), f"  {title}", "═" * (_WIDE - 1)]
        yield from (_line(service, found[service.name]) for service in services)
    yield ""
    yield from _summary(seen)


def sections(catalogue: Catalogue) -> Iterator[tuple[str, Sequence[ServiceEntry]]]:
    """The services by section: the layers below the business, then its modules, in the catalogue's order."""
    for layer, title in _LAYERS.items():
        yield title, [service for service in catalogue.services if service.layer == layer]
    for module in catalogue.modules:
        business = [service for service in catalogue.of_module(module.title) if service.layer == "business"]
        if business:
            yield f"{module.title.upper()} - {module.subtitle}", business


def _line(service: ServiceEntry, sighting: Sighting) -> str:
    tag = click.style("[CHECK]", fg="yellow")
    return f"{tag} {service.title:<18} {sighting.port:>5}  {_verdict(sighting)}"


def _verdict(sighting: Sighting) -> str:
    if sighting.state == "healthy":
        return click.style("✓ Health check passed", fg="green")
    if sighting.state == "not built":
        return click.style("○ Not built", fg="bright_black")
    if sighting.state == "down":
        return click.style(f"✗ Connection failed: {sighting.detail}", fg="red")
    return click.style(f"✗ Unexpected response: {sighting.detail}", fg="red")


def _summary(seen: Sequence[Sighting]) -> Iterator[str]:
    built = [sighting for sighting in seen if sighting.state != "not built"]
    passed = sum(sighting.is_healthy for sighting in built)
    failed, absent = len(built) - passed, len(seen) - len(built)
    yield from _box("VERIFICATION SUMMARY")
    yield ""
    yield f"{click.style('Passed Checks:', fg='green')}    {passed}/{len(built)}"
    yield f"{click.style('Failed Checks:', fg='red')}    {failed}/{len(built)}"
    yield f"Not Built:        {absent} of {len(seen)} services"
    yield ""
    if failed or not built:
        rate = 100 * passed // len(built) if built else 0
        yield f"SUCCESS RATE: {rate}%"
        yield "Some services are not responding. Check: nexus status, nexus logs"
    else:
        yield "ALL BUILT SERVICES HEALTHY"


def _box(title: str) -> Iterator[str]:
    yield f"╔{'═' * _WIDE}╗"
    yield f"║{title:^{_WIDE}}║"
    yield f"╚{'═' * _WIDE}╝"
