"""OpenAPI 3.1 documents as files: of one service, and of the whole platform behind its gateway."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from nexus_actors.documents.interface import Interface
from nexus_actors.http.gateway import PATH
from nexus_actors.http.openapi import openapi_document
from nexus_actors.http.route import Route

Node = dict[str, Any]


def service_openapi(interface: Interface, version: str) -> Node:
    """The document that a service shows at ``/openapi.json``, with the address of its port."""
    entry = interface.entry
    return openapi_document(entry.title, version, interface.routes) | {"servers": [_server(entry.port)]}


def gateway_openapi(title: str, version: str, interfaces: Sequence[Interface]) -> Node | None:
    """The document of all services as they are reached through the one that passes requests on; None where none does.

    Args:
        title: title of the platform.
        version: version of the release.
        interfaces: its services.
    """
    gateway = next((interface for interface in interfaces if interface.is_gateway), None)
    if gateway is None:
        return None
    routes = list(gateway.routes)
    for interface in interfaces:
        if interface is not gateway:
            routes += [_behind_gateway(interface.name, route) for route in interface.routes]
    return openapi_document(title, version, tuple(routes)) | {"servers": [_server(gateway.entry.port)]}


def _behind_gateway(service: str, route: Route) -> Route:
    prefix = PATH.partition("/{rest")[0].format(service=service)
    return replace(route, path=prefix + route.path, tag=f"{service}: {route.tag}")


def _server(port: int) -> Node:
    return {"url": f"http://{{host}}:{port}", "variables": {"host": {"default": "localhost"}}}
