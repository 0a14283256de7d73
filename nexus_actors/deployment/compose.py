"""The services in the compose file, made from the catalogue."""

from collections.abc import Iterator
from typing import Final

from nexus_actors.errors import NexusError
from nexus_actors.platform import bootstrap
from nexus_actors.platform.catalogue import Catalogue, ServiceEntry
from nexus_actors.platform.loading import has_part

BEGIN: Final = "  # Services: made from modules/catalogue.py. Do not change them by hand; run: nexus deploy compose\n"
END: Final = "  # End of the services.\n"
WORKERS: Final = "-workers"
ADVICE: Final = "Make the secrets first: nexus deploy init"

_SERVICE: Final = """\
  {name}: &{name}
    <<: *service
    command: [worker, {name}]
    environment:
      <<: *environment
      HEALTH_PORTS: "{port}"
{key}    ports:
      - "${{NEXUS_BIND:-127.0.0.1}}:${{{variable}:-{port}}}:{port}"

  {name}{workers}:
    <<: *{name}
    profiles: [workers]
    ports: []

"""
_KEY: Final = '      NEXUS_AUTH_KEK: "${{NEXUS_AUTH_KEK:?{advice}}}"\n'


class ComposeFault(NexusError):
    """Raised when a compose file cannot be brought up to date; the message says why and what to do."""


def port_variable(name: str) -> str:
    """The variable that moves a published port, such as ``AUTH_MS_PORT``."""
    return f"{name.upper().replace('-', '_')}_PORT"


def services(catalogue: Catalogue) -> str:
    """The part of the file between its marks: two services for each that is built.

    The first publishes the service's port. The second runs the same and publishes nothing, so that there may be any number of
    it; it starts when it is named.
    """
    return "".join(_services(catalogue))


def updated(text: str, catalogue: Catalogue) -> str:
    """The compose file with the services that the catalogue has now.

    Raises:
        ComposeFault: its marks are missing.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ComposeFault(
            f"The compose file has lost the marks between which the services stand. Put back these lines:\n{BEGIN}{END}"
        )
    return f"{before}{BEGIN}\n{services(catalogue)}{END}{after}"


def _services(catalogue: Catalogue) -> Iterator[str]:
    for entry in catalogue.built():
        yield _SERVICE.format(
            name=entry.name, port=entry.port, variable=port_variable(entry.name), workers=WORKERS, key=_key(entry)
        )


def _key(entry: ServiceEntry) -> str:
    """The key goes to the service that seals with it, and to no other."""
    return _KEY.format(advice=ADVICE) if has_part(entry, bootstrap.MODULE) else ""
