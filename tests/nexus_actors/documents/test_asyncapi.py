"""An AsyncAPI document says what the contract says."""

from typing import Any

import msgspec
import pytest

from bus import Command
from nexus_actors.documents.asyncapi import asyncapi_document
from nexus_actors.documents.interface import interface_of
from tests.nexus_actors.documents import orchard
from tests.nexus_actors.documents.asyncapi_validator import Validator

PLANT, PICKED, FROST = "nexus.orchard-ms.plant_tree.v1", "nexus.orchard-ms.fruit_picked.v3", "nexus.weather-ms.frost_came.v1"


@pytest.fixture(scope="module")
def document() -> Any:
    made = asyncapi_document("Orchard MS", "1.2.3", "Trees.", [interface_of(orchard.service(), orchard)])
    return msgspec.json.decode(msgspec.json.encode(made))


def resolve(document: Any, reference: str) -> Any:
    node = document
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return resolve(document, node["$ref"]) if "$ref" in node else node


@pytest.mark.timeout(300)
def test_the_public_validator_accepts_it(document: Any, tmp_path: Any, validate_asyncapi: Validator) -> None:
    (tmp_path / "orchard.asyncapi.json").write_bytes(msgspec.json.encode(document))
    findings = validate_asyncapi(tmp_path)["orchard.asyncapi.json"]
    assert [finding for finding in findings if finding.level != "information"] == []


def test_a_channel_is_the_streams_of_a_topic(document: Any) -> None:
    channel = document["channels"]["orchard-ms.commands"]
    assert channel["address"] == "{prefix}:{partition}:commands"
    partitions = channel["parameters"]["partition"]["enum"]
    streams = [str(stream) for stream in orchard.ORCHARD.streams("commands")]
    assert [channel["address"].format(prefix="nexus", partition=each) for each in partitions] == [
        f"nexus:{stream}" for stream in streams
    ]
    assert "`nexus:{weather-ms:0}:events`" in document["channels"]["weather-ms.events"]["description"]
    assert document["channels"].keys() == {"orchard-ms.commands", "orchard-ms.events", "weather-ms.events", "answers"}


def test_operations_are_seen_from_the_service(document: Any) -> None:
    operations = document["operations"]
    assert {name: node["action"] for name, node in operations.items()} == {
        f"orchard-ms.receive.{PLANT}": "receive",
        "orchard-ms.receive.nexus.orchard-ms.prune_tree.v1": "receive",
        f"orchard-ms.send.{PICKED}": "send",
        f"orchard-ms.receive.{FROST}": "receive",
    }
    assert operations[f"orchard-ms.receive.{FROST}"]["description"] == "Handled under `place` and `tree_id`."
    for node in operations.values():
        channel = resolve(document, node["channel"]["$ref"])
        assert node["messages"][0]["$ref"].rpartition("/")[2] in channel["messages"]


def test_a_command_is_answered_where_it_says(document: Any) -> None:
    reply = document["operations"][f"orchard-ms.receive.{PLANT}"]["reply"]
    assert reply["address"]["location"] == "$message.payload#/replyto"
    assert resolve(document, reply["channel"]["$ref"])["address"] is None
    envelope, value = resolve(document, reply["messages"][0]["$ref"])["payload"]["allOf"]
    assert resolve(document, envelope["$ref"])["required"] == ["id"]
    assert value["properties"]["value"] == {"$ref": "#/components/schemas/Tree"}
    none = document["components"]["messages"]["nexus.orchard-ms.prune_tree.v1.answer"]["payload"]["allOf"][1]
    assert none["properties"]["value"] == {"type": "null"}
    assert "reply" not in document["operations"][f"orchard-ms.receive.{FROST}"]


def test_a_message_is_a_cloud_event_with_the_texts_of_its_class(document: Any) -> None:
    message = document["components"]["messages"][PLANT]
    assert message["contentType"] == "application/cloudevents+json"
    assert message["summary"] == "Plant a tree. What stands there already stays."
    assert message["description"] == "A second tree in the same place is refused."
    assert (message["x-nexus-key"], message["x-nexus-version"], message["x-nexus-scope"]) == ("tree_id", 1, "orchard:write")
    envelope, typed = message["payload"]["allOf"]
    assert {"id", "source", "type", "subject", "time", "data"} <= set(resolve(document, envelope["$ref"])["required"])
    assert typed["properties"]["type"] == {"const": PLANT}
    assert resolve(document, typed["properties"]["data"]["$ref"])["title"] == "PlantTree"
    picked = document["components"]["messages"][PICKED]
    assert (picked["x-nexus-batch"], picked["x-nexus-version"], picked.get("x-nexus-scope")) == ("fruit", 3, None)


def test_schemas_are_those_of_draft_7(document: Any) -> None:
    schemas = document["components"]["schemas"]
    spot = schemas["Spot"]
    assert spot["description"] == "A place in the orchard."
    assert spot["properties"]["row"] == {
        "type": "integer",
        "minimum": 1,
        "description": "counted from the gate, the first is 1.",
    }
    assert spot["properties"]["pair"] == {
        "type": "array",
        "minItems": 2,
        "maxItems": 2,
        "items": [{"type": "integer"}, {"type": "string"}],
        "additionalItems": False,
        "default": [0, "left"],
    }
    fruit = schemas["FruitPicked"]["properties"]["fruit"]["items"]
    assert fruit == {"anyOf": [{"$ref": "#/components/schemas/Apple"}, {"$ref": "#/components/schemas/Pear"}]}


def test_nothing_stands_beside_a_reference(document: Any) -> None:
    def references(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                yield node
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    assert all(node.keys() == {"$ref"} for node in references(document))


def test_types_of_one_name_stay_apart() -> None:
    class Spot(msgspec.Struct):
        elsewhere: bool = False

    class MoveTree(Command[Spot], topic=orchard.ORCHARD, key="tree_id"):
        """Move a tree."""

        tree_id: str

    interface = msgspec.structs.replace(
        interface_of(orchard.service(), orchard), commands=(orchard.PlantTree, MoveTree), followed={}
    )
    schemas = asyncapi_document("Orchard MS", "1", "", [interface])["components"]["schemas"]
    assert sum(name.endswith(".Spot") for name in schemas) == 2
    assert "Spot" not in schemas
