"""What a new service is to be called, where its files go, and which port it gets: decided before anything is written."""

import keyword
import re
from typing import Final

from msgspec import Struct

from nexus_actors.platform.catalogue import LAST_PORT, Catalogue, ServiceEntry
from nexus_actors.scaffold.errors import CannotScaffold

EXTENSIONS: Final = "Extensions"
"""Title of the module of services that name no other."""
FIRST_PORT: Final = 9_900
"""Where the search for a free port begins: the diagram's own end below it."""
LONGEST_NAME: Final = 22
"""So that the lines that are made of it stay within their length."""
LONGEST_TITLE: Final = 40

_NAME: Final = re.compile(r"(?P<stem>[a-z][a-z0-9]*(?:-[a-z0-9]+)*)-(?:ms|api|service)")
_TITLE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .&+-]*")
_SHOUTED: Final = {"ms": "MS", "api": "API", "ai": "AI"}
_STORES: Final = frozenset({5432, 6379, 6380})
_UNPRIVILEGED: Final = 1024


class Blueprint(Struct, frozen=True, kw_only=True):
    """A service that is to be made.

    Attributes:
        entry: its line in the catalogue, with its package.
        is_listed: whether the catalogue has had that line already, without a package.
    """

    entry: ServiceEntry
    is_listed: bool

    @property
    def package(self) -> str:
        """The dotted path of its package."""
        return str(self.entry.package)

    @property
    def scope(self) -> str:
        """The family of its scopes."""
        return stem_of(self.entry.name)

    @property
    def module_title(self) -> str:
        """What its module is called in sentences; infrastructure is no module of the catalogue."""
        return self.entry.module or "The platform's own services"


def draw(
    catalogue: Catalogue, name: str, *, title: str | None = None, port: int | None = None, module: str | None = None
) -> Blueprint:
    """Decide what a service of that name is.

    Args:
        catalogue: the services that there are.
        name: a name of the catalogue, or a new one such as ``demo-ms``.
        title: as people write it; made from the name where left out. Only for a new name, like the next two.
        port: a free one from 9900 on where left out.
        module: title of a module of the catalogue; that of extensions where left out.

    Raises:
        CannotScaffold: the service is built, the name is none, or what was asked for contradicts the catalogue.
    """
    listed = next((service for service in catalogue.services if service.name == name), None)
    if listed is not None:
        return _listed(catalogue, listed, given=[title, port, module])
    _check_name(catalogue, name)
    chosen = module or EXTENSIONS
    titles = [entry.title for entry in catalogue.modules]
    if chosen not in {*titles, EXTENSIONS}:
        raise CannotScaffold(f"There is no module {chosen!r}. Name one of: {', '.join(dict.fromkeys([*titles, EXTENSIONS]))}.")
    entry = ServiceEntry(
        name=name,
        title=_checked_title(catalogue, title or title_of(name)),
        module=chosen,
        port=_free_port(catalogue) if port is None else _checked_port(catalogue, port),
        package=_package(catalogue, name, chosen),
        layer="business",
    )
    return Blueprint(entry=entry, is_listed=False)


def stem_of(name: str) -> str:
    """A service's name without what kind of service it is: ``fleet`` of ``fleet-service``."""
    match = _NAME.fullmatch(name)
    return name if match is None else match["stem"]


def title_of(name: str) -> str:
    """A service's name as people write it: ``Demo MS`` of ``demo-ms``."""
    return " ".join(_SHOUTED.get(word, word.capitalize()) for word in name.split("-"))


def _listed(catalogue: Catalogue, listed: ServiceEntry, given: list[str | int | None]) -> Blueprint:
    if listed.is_built:
        raise CannotScaffold(f"{listed.name} is there already: {listed.package}. Nothing was written.")
    if any(value is not None for value in given):
        raise CannotScaffold(f"{listed.name} has its title, port and module from the catalogue. Leave these options out.")
    _check_name(catalogue, listed.name)
    entry = ServiceEntry(
        name=listed.name,
        title=listed.title,
        module=listed.module,
        port=listed.port,
        package=_package(catalogue, listed.name, listed.module),
        layer=listed.layer,
    )
    return Blueprint(entry=entry, is_listed=True)


def _check_name(catalogue: Catalogue, name: str) -> None:
    stem = stem_of(name)
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise CannotScaffold(
            f"{name!r} is no name for a service. Take lower-case letters, digits and single hyphens, ending in -ms, -api "
            f"or -service, at most {LONGEST_NAME} characters, such as demo-ms."
        )
    if keyword.iskeyword(stem) or stem.startswith("pg-"):
        raise CannotScaffold(f"{name} would need a package or a schema of a name that is reserved. Take another name.")
    near = [service.name for service in catalogue.services if service.name != name and stem_of(service.name) == stem]
    if near:
        raise CannotScaffold(f"{name} would share the scopes {stem}:read and {stem}:write with {near[0]}. Take another name.")


def _checked_title(catalogue: Catalogue, title: str) -> str:
    if not _TITLE.fullmatch(title) or len(title) > LONGEST_TITLE:
        raise CannotScaffold(
            f"{title!r} is no title. Take letters, digits, spaces and . & + -, at most {LONGEST_TITLE} in all."
        )
    if any(service.title == title for service in catalogue.services):
        raise CannotScaffold(f"There is a service with the title {title!r} already. Give another one: --title.")
    return title


def _checked_port(catalogue: Catalogue, port: int) -> int:
    owner = catalogue.at_port(port)
    if owner is not None:
        raise CannotScaffold(
            f"Port {port} is that of {owner.name}. Give another one, or none: {_free_port(catalogue)} is free."
        )
    if port in _STORES or not _UNPRIVILEGED <= port <= LAST_PORT:
        raise CannotScaffold(f"Port {port} cannot be had: take one from {_UNPRIVILEGED} to {LAST_PORT} that no store has.")
    return port


def _free_port(catalogue: Catalogue) -> int:
    taken = {service.port for service in catalogue.services}
    return next(port for port in range(FIRST_PORT, LAST_PORT) if port not in taken)


def _package(catalogue: Catalogue, name: str, module: str | None) -> str:
    folder = re.sub(r"[^a-z0-9]+", "_", (module or "infrastructure").lower()).strip("_")
    return f"modules.{folder}.{stem_of(name).replace('-', '_')}"
