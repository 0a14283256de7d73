"""What is to run on this machine, decided before anything is started."""

import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from nexus_actors.local.errors import CannotStart
from nexus_actors.local.home import Home
from nexus_actors.platform.catalogue import Catalogue, ServiceEntry
from nexus_actors.settings.config import PREFIX, Settings, variable

_SOURCE = Path(__file__).resolve().parents[2]


class Plan(Struct, frozen=True, kw_only=True):
    """What is to run.

    Attributes:
        services: what every worker hosts.
        environ: the variables that a worker gets; the addresses of embedded servers come in later.
    """

    settings: Settings
    services: tuple[ServiceEntry, ...]
    environ: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the services."""
        return tuple(service.name for service in self.services)

    def worker_environ(self, database_url: str, redis_url: str) -> dict[str, str]:
        """The variables of a worker over these servers."""
        return {
            **self.environ,
            variable("database_url"): database_url,
            variable("redis_url"): redis_url,
        }


def make_plan(catalogue: Catalogue, home: Home, environ: Mapping[str, str], only: Sequence[str] = ()) -> Plan:
    """Read the settings, choose the services, and make the key for auth-ms where none is given.

    Args:
        environ: the variables of this process, with what the command line says in place of theirs.
        only: names of the services to run; all that are built when left out.

    Raises:
        ConfigError: see `Settings.load`.
        CannotStart: a service is not built, or there is none of that name.
    """
    services = choose(catalogue, only)
    given = dict(environ)
    if given.get(variable("environment")) != "production" and not given.get(variable("auth_kek")):
        home.make()
        given[variable("auth_kek")] = home.key(secrets.token_urlsafe)
    if given.get(variable("environment")) != "production":
        # Whoever sits here has written the handlers, or can read them.
        given.setdefault(variable("show_faults"), "yes")
    settings = Settings.load(given)
    given[variable("data_dir")] = str(settings.data_dir)
    # The workers write to files, which `nexus logs` reads.
    given[variable("log_format")] = "json"
    given["PYTHONPATH"] = os.pathsep.join([str(_SOURCE), *filter(None, [given.get("PYTHONPATH")])])
    given["PYTHONUNBUFFERED"] = "1"
    return Plan(settings=settings, services=services, environ=given)


def choose(catalogue: Catalogue, only: Sequence[str]) -> tuple[ServiceEntry, ...]:
    """The services of these names, in the catalogue's order; all that are built where no name is given.

    Raises:
        CannotStart: one is not built, or there is none of that name.
    """
    try:
        wanted = {catalogue.named(name) for name in only}
    except LookupError as error:
        raise CannotStart(str(error)) from error
    absent = [service.name for service in wanted if not service.is_built]
    built = ", ".join(service.name for service in catalogue.built())
    if absent:
        raise CannotStart(f"Not built yet: {', '.join(sorted(absent))}. Name some of: {built}.")
    return tuple(service for service in catalogue.built() if not wanted or service in wanted)


def overridden(environ: Mapping[str, str], **given: object) -> dict[str, str]:
    """The variables with some settings replaced; a value of None leaves what is there."""
    changed = {PREFIX + name.upper(): str(value) for name, value in given.items() if value is not None}
    return {**environ, **changed}
