"""`nexus verify`: the health verification of the whole platform."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

import anyio
import click

from nexus_actors.cli.platform.checkout import environment, home_of
from nexus_actors.cli.platform.located import NotUp, locate
from nexus_actors.cli.platform.verification import Check, check_containers, check_platform
from nexus_actors.cli.terminal.failures import told
from nexus_actors.cli.terminal.screen import say, styled
from nexus_actors.deployment.secrets_file import NAME, PROJECT
from nexus_actors.local.health import Sighting, look_around
from nexus_actors.local.home import Home
from nexus_actors.platform.catalogue import Catalogue, ServiceEntry
from nexus_actors.platform.loading import load_catalogue
from nexus_actors.settings.config import Settings

_WIDE: Final = 64
_LAYERS: Final = {"infrastructure": "INFRASTRUCTURE SERVICES", "core": "CORE PLATFORM"}


@click.command(short_help="Check services, servers, tokens and an event; exit code.")
@click.option("--host", help="Where the services listen.  [default: that of the platform on this machine]")
@click.option("--port-offset", type=click.IntRange(0, 50_000), help="What is added to their ports.  [default: likewise]")
@click.option("--containers", is_flag=True, help="Check their containers too, by asking the container engine of this machine.")
def command(host: str | None, port_offset: int | None, *, containers: bool) -> None:
    """Check every service, by layer and module, then servers, token flow and an event from end to end, and sum up.

    A service passes when /health answers 200 under its name with the status ok and has all that it depends on. One that is
    not built, or that `nexus up --only` has left out, is shown as such and does not count. With --host or --port-offset only
    the services are checked, for their servers are not known. Exits with 0 only when all checks passed.
    """
    environ = environment()
    catalogue = load_catalogue()
    with told():
        home = home_of(environ)
        state = home.running()
        settings = Settings.load(environ, secrets=())
        known_host, known_offset = (state.host, state.port_offset) if state else (settings.host, settings.port_offset)
        offset = known_offset if port_offset is None else port_offset
        before = anyio.run(check_containers, catalogue, os.environ.get(PROJECT, NAME)) if containers else []
        here = host is None and port_offset is None
        started = state.services if state is not None and here else None
        seen = anyio.run(look_around, catalogue.services, host or known_host, offset, started)
        after = _beyond_services(environ, catalogue, home, started) if here else []
    say("\n".join(report(catalogue, seen, before, after)))
    healthy = all(sighting.is_healthy for sighting in seen if sighting.is_wanted)
    raise SystemExit(0 if healthy and all(check.passed for check in [*before, *after] if check.counts) else 1)


def _beyond_services(
    environ: Mapping[str, str], catalogue: Catalogue, home: Home, started: Collection[str] | None
) -> list[Check]:
    try:
        located = locate(environ)
    except NotUp as error:
        return [Check(section="SERVERS", title="Platform", passed=False, detail=str(error))]
    return anyio.run(check_platform, located, catalogue, home.credentials, started)


def report(
    catalogue: Catalogue, seen: Sequence[Sighting], before: Sequence[Check] = (), after: Sequence[Check] = ()
) -> Iterator[str]:
    """The lines of the verification: checks that come before the services, the services, and what comes after them."""
    found = {sighting.service: sighting for sighting in seen}
    yield from _box("NEXUS COS - DEPLOYMENT VERIFICATION")
    yield from _checks(before)
    for title, services in sections(catalogue):
        yield from _heading(title)
        yield from (_line(service, found[service.name]) for service in services)
    yield from _checks(after)
    yield ""
    yield from _summary(seen, [*before, *after])


def _heading(title: str) -> Iterator[str]:
    yield from ["", "═" * (_WIDE - 1), f"  {title}", "═" * (_WIDE - 1)]


def _checks(checks: Sequence[Check]) -> Iterator[str]:
    for section, own in groupby(checks, key=lambda check: check.section):
        yield from _heading(section)
        for check in own:
            yield f"{styled('[CHECK]', 'yellow')} {check.title:<26}  {_mark(check)}"


def _mark(check: Check) -> str:
    if not check.counts:
        return styled(f"○ {check.detail}", "bright_black")
    return styled(f"✓ {check.detail}", "green") if check.passed else styled(f"✗ {check.detail}", "red")


def sections(catalogue: Catalogue) -> Iterator[tuple[str, Sequence[ServiceEntry]]]:
    """The services by section: the layers below the business, then its modules, in the catalogue's order."""
    for layer, title in _LAYERS.items():
        yield title, [service for service in catalogue.services if service.layer == layer]
    for module in catalogue.modules:
        business = [service for service in catalogue.of_module(module.title) if service.layer == "business"]
        if business:
            yield f"{module.title.upper()} - {module.subtitle}", business


def _line(service: ServiceEntry, sighting: Sighting) -> str:
    tag = styled("[CHECK]", "yellow")
    return f"{tag} {service.title:<18} {sighting.port:>5}  {_verdict(sighting)}"


def _verdict(sighting: Sighting) -> str:
    if sighting.state == "healthy":
        return styled("✓ Health check passed", "green")
    if sighting.state == "not built":
        return styled("○ Not built", "bright_black")
    if sighting.state == "not started":
        return styled(f"○ Not started ({sighting.detail})", "bright_black")
    if sighting.state == "down":
        return styled(f"✗ Connection failed: {sighting.detail}", "red")
    return styled(f"✗ Unexpected response: {sighting.detail}", "red")


def _summary(seen: Sequence[Sighting], checks: Sequence[Check]) -> Iterator[str]:
    verdicts = [sighting.is_healthy for sighting in seen if sighting.is_wanted]
    absent = sum(sighting.state == "not built" for sighting in seen)
    left_out = sum(sighting.state == "not started" for sighting in seen)
    healthy = all(verdicts)
    verdicts += [check.passed for check in checks if check.counts]
    passed, total = sum(verdicts), len(verdicts)
    yield from _box("VERIFICATION SUMMARY")
    yield ""
    yield f"{styled('Passed Checks:', 'green')}    {passed}/{total}"
    yield f"{styled('Failed Checks:', 'red')}    {total - passed}/{total}"
    yield f"Not Built:        {absent} of {len(seen)} services"
    if left_out:
        yield f"Not Started:      {left_out} of {len(seen)} services (--only)"
    yield ""
    if passed == total and total:
        yield "ALL STARTED SERVICES HEALTHY" if left_out else "ALL BUILT SERVICES HEALTHY"
        return
    yield f"SUCCESS RATE: {100 * passed // total if total else 0}%"
    what = "Some checks failed." if healthy else "Some services are not responding."
    yield f"{what} Check: nexus status, nexus logs; in containers: docker compose ps, docker compose logs"


def _box(title: str) -> Iterator[str]:
    yield f"╔{'═' * _WIDE}╗"
    yield f"║{title:^{_WIDE}}║"
    yield f"╚{'═' * _WIDE}╝"
