"""The OpenAPI document says what the routes do."""

from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from nexus_actors.http import Raw, Routes
from nexus_actors.http.openapi import openapi_document, operation_ids
from tests.nexus_actors.http.crates import Crate, Note, crates, odds
from tests.nexus_actors.http.depot import Depot


@pytest.fixture
def document() -> Any:
    made = openapi_document("Depot MS", "1.2.3", crates.all + odds.all)
    return msgspec.json.decode(msgspec.json.encode(made))


@pytest.mark.anyio
async def test_it_is_served(depot: Depot, document: Any) -> None:
    assert (await depot.send("GET", "/openapi.json")).json == document


def test_a_public_validator_accepts_it(document: Any) -> None:
    validate(document, cls=OpenAPIV31SpecValidator)


def test_a_service_without_routes_has_a_valid_one_too() -> None:
    validate(msgspec.json.decode(msgspec.json.encode(openapi_document("Empty", "1", ()))), cls=OpenAPIV31SpecValidator)


def test_an_operation_says_what_its_route_does(document: Any) -> None:
    pack = document["paths"]["/v1/crates"]["post"]
    assert (pack["operationId"], pack["tags"], pack["summary"]) == ("pack_crate", ["crates"], "Pack a crate.")
    assert pack["description"] == "The crate is packed under a new id."
    assert pack["security"] == [{"bearer": ["depot:write"]}]
    assert pack["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/CrateDraft"}
    assert pack["responses"]["201"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Crate"}
    assert {"400", "401", "403", "409", "413", "415", "422", "429", "503"} <= pack["responses"].keys()
    assert pack["parameters"] == [{"$ref": "#/components/parameters/IdempotencyKey"}]


def test_bodies_are_as_strict_as_the_decoder(document: Any) -> None:
    draft = document["components"]["schemas"]["CrateDraft"]
    assert (draft["additionalProperties"], draft["required"]) == (False, ["label"])
    assert draft["properties"]["label"]["maxLength"] == 20


def test_parameters_have_types_limits_and_defaults(document: Any) -> None:
    parameters = {parameter.get("name"): parameter for parameter in document["paths"]["/v1/crates"]["get"]["parameters"]}
    assert parameters["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
    assert parameters["limit"]["description"] == "how many items to answer with, at most."
    assert parameters["cursor"]["schema"]["type"] == "string"
    assert parameters["fragile"]["schema"] == {"type": "boolean"}
    assert parameters["state"]["schema"]["type"] == "array"
    assert not parameters["state"]["required"]
    by_id = document["paths"]["/v1/crates/{crate_id}"]
    assert by_id["get"]["parameters"][0]["schema"] == {"type": "string", "format": "uuid"}
    assert {"$ref": "#/components/parameters/IfMatch"} in by_id["patch"]["parameters"]
    assert {"$ref": "#/components/parameters/IfNoneMatch"} in by_id["get"]["parameters"]


def test_public_routes_raw_results_and_empty_ones_are_told(document: Any) -> None:
    assert document["paths"]["/v1/label/{name}"]["get"]["security"] == []
    assert document["paths"]["/v1/tracks"]["post"]["requestBody"]["content"].keys() == {"application/gpx+xml", "text/xml"}
    assert document["paths"]["/v1/crates/{crate_id}"]["delete"]["responses"]["204"] == {"description": "Done."}


def test_errors_of_a_standard_are_told_beside_problems() -> None:
    routes = Routes(tag="a")

    @routes.post("/v1/a", scope=None, answers={200: Note, 400: Crate, 401: Crate})
    async def post_a() -> Raw:
        return Raw(b"", "application/json")

    made = msgspec.json.decode(msgspec.json.encode(openapi_document("A", "1", routes.all)))
    validate(made, cls=OpenAPIV31SpecValidator)
    responses = made["paths"]["/v1/a"]["post"]["responses"]
    crate = {"schema": {"$ref": "#/components/schemas/Crate"}}
    assert responses["200"]["content"] == {"application/json": {"schema": {"$ref": "#/components/schemas/Note"}}}
    assert responses["400"]["content"].keys() == {"application/json", "application/problem+json"}
    assert responses["400"]["content"]["application/json"] == crate
    assert responses["401"]["content"] == {"application/json": crate}, "no other 401 comes from a public route"
    assert "WWW-Authenticate" in responses["401"]["headers"]


def test_operation_ids_are_unique() -> None:
    routes = Routes(tag="a")

    async def show() -> None: ...

    for path in ("/v1/a", "/v1/b", "/v1/b:c"):
        routes.get(path, scope=None)(show)
    assert sorted(operation_ids(routes.all).values()) == ["get_v1_a", "get_v1_b", "get_v1_b_c"]
    ids = operation_ids(crates.all + odds.all)
    assert len(set(ids.values())) == len(ids) == len(crates.all + odds.all)


def test_a_page_is_a_schema_of_its_items(document: Any) -> None:
    schema = document["paths"]["/v1/crates"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    page = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    assert page["properties"]["items"]["items"] == {"$ref": "#/components/schemas/Note"}
    assert page["required"] == ["items"]
