"""Finding the catalogue and its services by name: the runtime knows of no module."""

import importlib
import importlib.util
from collections.abc import Iterator
from types import ModuleType
from typing import Final

from nexus_actors.errors import NexusError
from nexus_actors.platform.catalogue import Catalogue, ServiceEntry
from nexus_actors.service import Service

CATALOGUE: Final = "modules.catalogue:CATALOGUE"


class NotLoadable(NexusError):
    """Raised when what a name stands for cannot be imported, or is something else."""


def load_catalogue(reference: str = CATALOGUE) -> Catalogue:
    """The catalogue that a reference ``module:attribute`` leads to.

    Raises:
        NotLoadable: there is none.
    """
    name, _, attribute = reference.partition(":")
    found = getattr(_import(name), attribute, None)
    if not isinstance(found, Catalogue):
        raise NotLoadable(f"{reference} is no catalogue of services. Install the whole of Nexus COS.")
    return found


def load_service(entry: ServiceEntry) -> Service:
    """The service behind an entry of the catalogue: ``service`` of its package's module ``service``.

    Raises:
        NotLoadable: it is not built, or cannot be imported.
    """
    if entry.package is None:
        raise NotLoadable(f"{entry.name} is not built yet.")
    found = getattr(_import(f"{entry.package}.service"), "service", None)
    if not isinstance(found, Service) or found.name != entry.name:
        raise NotLoadable(f"{entry.package}.service has no `service` that is {entry.name}.")
    return found


def load_part(entry: ServiceEntry, part: str) -> ModuleType | None:
    """A module of a service's package, such as its ``contract``; None where it has none of that name.

    Raises:
        NotLoadable: it is there and cannot be imported.
    """
    return _import(f"{entry.package}.{part}") if has_part(entry, part) else None


def has_part(entry: ServiceEntry, part: str) -> bool:
    """Whether a service's package has a module of that name, which is not imported."""
    return entry.package is not None and importlib.util.find_spec(f"{entry.package}.{part}") is not None


def parts_beside(catalogue: Catalogue, name: str) -> Iterator[ModuleType]:
    """What modules have under a name beside their services, such as ``demo``. A service of that name is none of it.

    Raises:
        NotLoadable: one is there and cannot be imported.
    """
    services = [entry.package for entry in catalogue.built() if entry.package is not None]
    for module in dict.fromkeys(package.rpartition(".")[0] for package in services):
        part = f"{module}.{name}"
        if part not in services and importlib.util.find_spec(part) is not None:
            yield _import(part)


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise NotLoadable(f"Cannot import {name}: {error}.") from error
