"""All documents of the platform as files, and whether those in a folder are still true."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from nexus_actors.documents.asyncapi import asyncapi_document
from nexus_actors.documents.index import index_page
from nexus_actors.documents.interface import Interface
from nexus_actors.documents.openapi import gateway_openapi, service_openapi
from nexus_actors.http.json_schema import parse_docstring

PLATFORM: Final = "platform"
INDEX: Final = "README.md"

_TITLE: Final = "Nexus COS"
_ABOUT: Final = "All services that are built: what each of them sends and receives on the bus."
_OURS: Final = ("*.asyncapi.json", "*.openapi.json")


def all_documents(interfaces: Sequence[Interface], version: str) -> dict[str, str]:
    """The documents of each service, by file name. The same interfaces give the same text, byte by byte.

    Args:
        interfaces: the services.
        version: version of the release.
    """
    files: dict[str, str] = {INDEX: index_page(version, interfaces)}
    for interface in interfaces:
        about = parse_docstring(interface.about).text
        document = asyncapi_document(interface.entry.title, version, about, [interface])
        files[f"{interface.name}.asyncapi.json"] = json_text(document)
        files[f"{interface.name}.openapi.json"] = json_text(service_openapi(interface, version))
    return files


def platform_documents(interfaces: Sequence[Interface], version: str) -> dict[str, str]:
    """All services in one document of each kind: what is on the bus, and what the gateway passes on, where there is one."""
    files = {f"{PLATFORM}.asyncapi.json": json_text(asyncapi_document(_TITLE, version, _ABOUT, interfaces))}
    gateway = gateway_openapi(_TITLE, version, interfaces)
    if gateway is not None:
        files[f"{PLATFORM}.openapi.json"] = json_text(gateway)
    return files


def json_text(value: Any) -> str:  # noqa: ANN401 - whatever JSON can say
    """JSON for people: indented, with a line end."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"


def drift(folder: Path, files: dict[str, str]) -> list[str]:
    """How a folder differs from what it should hold, a line for each file; empty where it does not."""
    found = [f"{name} is missing" for name in sorted(files) if not (folder / name).is_file()]
    for name in sorted(files):
        path = folder / name
        if path.is_file() and path.read_text(encoding="utf-8") != files[name]:
            found.append(f"{name} is out of date")
    return found + [f"{path.name} describes nothing that is built" for path in strays(folder, files)]


def strays(folder: Path, files: dict[str, str]) -> list[Path]:
    """Documents in a folder that are none of these."""
    return sorted(path for pattern in _OURS for path in folder.glob(pattern) if path.name not in files)


def put(folder: Path, files: dict[str, str]) -> None:
    """Write the documents into a folder, made where it is not there, and take those away that describe nothing now."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in strays(folder, files):
        path.unlink()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
