from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from nexus_actors.documents.interface import Interface, interface_of
from nexus_actors.documents.openapi import gateway_openapi, service_openapi
from tests.nexus_actors.documents import orchard


@pytest.fixture
def interface() -> Interface:
    return interface_of(orchard.service(), orchard)


@pytest.fixture
def gateway(interface: Interface) -> Interface:
    entry = msgspec.structs.replace(interface.entry, name="door-ms", title="Door", port=7000)
    return msgspec.structs.replace(interface, entry=entry, is_gateway=True, routes=interface.routes[:1])


def plain(document: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(document))


def test_a_service_is_found_at_its_port(interface: Interface) -> None:
    document = plain(service_openapi(interface, "1.2.3"))
    assert document["servers"] == [{"url": "http://{host}:7001", "variables": {"host": {"default": "localhost"}}}]
    assert document["info"] == {"title": "Orchard MS", "version": "1.2.3"}
    draft = document["components"]["schemas"]["TreeDraft"]
    assert draft["description"] == "What is to be planted."
    assert draft["properties"]["sort"]["description"] == "apple or pear."
    validate(document, cls=OpenAPIV31SpecValidator)


def test_behind_the_gateway_paths_begin_with_the_service(interface: Interface, gateway: Interface) -> None:
    document = plain(gateway_openapi("All", "1.2.3", [interface, gateway]))
    assert list(document["paths"]) == ["/v1/trees", "/api/orchard-ms/v1/trees", "/api/orchard-ms/v1/trees/{tree_id}"]
    assert document["servers"][0]["url"] == "http://{host}:7000"
    passed_on = document["paths"]["/api/orchard-ms/v1/trees"]["post"]
    assert passed_on["tags"] == ["orchard-ms: trees"]
    assert passed_on["security"] == [{"bearer": ["orchard:write"]}]
    validate(document, cls=OpenAPIV31SpecValidator)


def test_without_a_gateway_there_is_no_document_of_it(interface: Interface) -> None:
    assert gateway_openapi("All", "1", [interface]) is None
