"""Services that join a catalogue beside its list: one small TOML file each, so that nobody has to edit code.

A file ``demo-ms.toml`` names the package of the service. For a service of the list that is all; a new one says its title, its
port and its module too.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from nexus_actors.platform.catalogue import Catalogue, ModuleEntry, ServiceEntry

SUFFIX = ".toml"


class Addition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file says of a service.

    Attributes:
        package: dotted path of the package that holds it.
        title: as people write it; None for a service of the list, as are the next two.
        port: TCP port of its HTTP face.
        module: title of its module.
    """

    package: str
    title: str | None = None
    port: int | None = None
    module: str | None = None


def read_additions(folder: Path) -> dict[str, Addition]:
    """What the files of a folder say, by name of the service; nothing where there is no such folder.

    Raises:
        ValueError: a file is none of these; the message names it.
    """
    return {file.stem: _read(file) for file in sorted(folder.glob(f"*{SUFFIX}"))}


def extended(catalogue: Catalogue, additions: Mapping[str, Addition], modules: Iterable[ModuleEntry] = ()) -> Catalogue:
    """The catalogue with what was added to it, new services behind those of the list.

    Args:
        catalogue: the list.
        additions: by name of the service.
        modules: those that are shown only where a service belongs to them.

    Raises:
        ValueError: an addition contradicts the list or another one.
    """
    listed = {service.name for service in catalogue.services}
    services = [_built(service, additions.get(service.name)) for service in catalogue.services]
    services += [_new(name, addition) for name, addition in additions.items() if name not in listed]
    used = {service.module for service in services}
    return Catalogue(services=tuple(services), modules=(*catalogue.modules, *(each for each in modules if each.title in used)))


def _read(file: Path) -> Addition:
    try:
        return msgspec.toml.decode(file.read_bytes(), type=Addition)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{file.name} does not describe a service: {error}. Correct it, or take it away.") from error


def _built(service: ServiceEntry, addition: Addition | None) -> ServiceEntry:
    if addition is None:
        return service
    if service.is_built:
        raise ValueError(f"{service.name} has a package in the list already. Take {service.name}{SUFFIX} away.")
    if (addition.title, addition.port, addition.module) != (None, None, None):
        raise ValueError(
            f"{service.name} has its title, port and module from the list. Let {service.name}{SUFFIX} not give any."
        )
    return replace(service, package=addition.package)


def _new(name: str, addition: Addition) -> ServiceEntry:
    if addition.title is None or addition.port is None or addition.module is None:
        raise ValueError(f"{name} is not in the list, so {name}{SUFFIX} has to give its title, port and module.")
    return ServiceEntry(
        name=name, title=addition.title, port=addition.port, module=addition.module, package=addition.package, layer="business"
    )
