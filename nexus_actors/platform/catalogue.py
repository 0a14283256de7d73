"""The catalogue of a platform: which services there are, and which of them are built."""

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Literal

from msgspec import Struct

Layer = Literal["infrastructure", "core", "business"]

LAST_PORT = 65535


class ModuleEntry(Struct, frozen=True, kw_only=True):
    """A module: a part of the business with services of its own.

    Attributes:
        title: its name, as people write it.
        subtitle: what it is, in a few words.
    """

    title: str
    subtitle: str


class ServiceEntry(Struct, frozen=True, kw_only=True):
    """A service of the platform.

    Attributes:
        name: its name in logs, metrics, streams, containers and health answers.
        title: its name, as people write it.
        module: title of the module that it belongs to; None outside the modules.
        port: TCP port of its HTTP face.
        package: dotted path of the package whose ``service.py`` holds ``service``; None while it is not built.
        layer: where it stands in the platform.
    """

    name: str
    title: str
    module: str | None
    port: int
    package: str | None
    layer: Layer

    @property
    def is_built(self) -> bool:
        """Whether there is code that runs it."""
        return self.package is not None


class Catalogue(Struct, frozen=True, kw_only=True):
    """All services and modules of a platform, in the order in which they are shown.

    Raises:
        ValueError: a name, a title, a port or a package stands there twice, a port is none, or a service names a module
            that is not listed.
    """

    services: tuple[ServiceEntry, ...]
    modules: tuple[ModuleEntry, ...]

    def __post_init__(self) -> None:
        _check_unique("service name", (service.name for service in self.services))
        _check_unique("port", (service.port for service in self.services))
        _check_unique("package", (service.package for service in self.services if service.package is not None))
        _check_unique("module title", (module.title for module in self.modules))
        titles = {module.title for module in self.modules}
        for service in self.services:
            if not 1 <= service.port <= LAST_PORT:
                raise ValueError(f"{service.name} has port {service.port}. Give one between 1 and {LAST_PORT}.")
            if service.module is not None and service.module not in titles:
                raise ValueError(f"{service.name} belongs to module {service.module!r}, which is not listed. List it.")

    def named(self, name: str) -> ServiceEntry:
        """The service of that name.

        Raises:
            LookupError: there is none; the message lists those that there are.
        """
        for service in self.services:
            if service.name == name:
                return service
        known = ", ".join(service.name for service in self.services)
        raise LookupError(f"There is no service {name!r}. Name one of: {known}.")

    def at_port(self, port: int) -> ServiceEntry | None:
        """The service whose HTTP face belongs on that port."""
        return next((service for service in self.services if service.port == port), None)

    def built(self) -> tuple[ServiceEntry, ...]:
        """The services that can run."""
        return tuple(service for service in self.services if service.is_built)

    def of_module(self, title: str) -> tuple[ServiceEntry, ...]:
        """The services of the module with that title."""
        return tuple(service for service in self.services if service.module == title)


def _check_unique(what: str, values: Iterable[Hashable]) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise ValueError(f"The catalogue has {what} {twice[0]!r} more than once. Each may stand there once.")
