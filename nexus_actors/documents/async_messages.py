"""Messages and answers as AsyncAPI describes them."""

from typing import Any, Final

from msgspec import NODEFAULT, UNSET, Struct, UnsetType, defstruct, field
from msgspec.structs import fields

from bus import Command, Message
from bus.envelope import Envelope
from bus.requests import Answer
from nexus_actors.documents.message_schemas import MessageSchemas
from nexus_actors.http.json_schema import parse_docstring

Node = dict[str, Any]

# CloudEvents 1.0.2, JSON event format, section 3: the whole event is the content.
CLOUD_EVENT: Final = "application/cloudevents+json"


def _answer_in_json() -> type[Struct]:
    """`Answer` with a value that JSON Schema can describe: anything, or nothing."""
    described: list[tuple[str, Any, Any]] = []
    for part in fields(Answer):
        if part.name == "value":
            described.append((part.name, Any | UnsetType, UNSET))
        else:
            described.append((part.name, part.type, field() if part.default is NODEFAULT else part.default))
    return defstruct(Answer.__name__, described, namespace={"__doc__": Answer.__doc__}, kw_only=True)


ANSWER: Final = _answer_in_json()
ENVELOPES: Final = (Envelope, ANSWER)


def answer_name(kind: type[Command[Any]]) -> str:
    """The name of the answer to a command."""
    return f"{kind.wire_type()}.answer"


def message_object(kind: type[Message], schemas: MessageSchemas) -> Node:
    """A message in its envelope."""
    doc = parse_docstring(kind.__doc__)
    is_command = kind.channel == "commands"
    message: Node = {
        "name": kind.wire_type(),
        "title": kind.__name__,
        "summary": doc.summary,
        "contentType": CLOUD_EVENT,
        "correlationId": _correlation("id" if is_command else "correlationid"),
        "payload": _in_envelope(kind, schemas),
        "tags": [{"name": kind.topic.service}],
        "x-nexus-key": kind.key_field,
        "x-nexus-version": kind.version,
    }
    if doc.details:
        message["description"] = doc.details
    if kind.batch is not None:
        message["x-nexus-batch"] = kind.batch
    if kind.scope is not None:
        message["x-nexus-scope"] = kind.scope
    return message


def answer_object(kind: type[Command[Any]], schemas: MessageSchemas) -> Node:
    """The answer to a command."""
    return {
        "name": answer_name(kind),
        "title": f"Answer to {kind.__name__}",
        "summary": "What the command came to: its reply, or the refusal.",
        "contentType": "application/json",
        "correlationId": _correlation("id"),
        "payload": {
            "allOf": [
                schemas.of(ANSWER),
                {"type": "object", "properties": {"value": schemas.of(kind.reply_type())}},
            ]
        },
        "tags": [{"name": kind.topic.service}],
    }


def _in_envelope(kind: type[Message], schemas: MessageSchemas) -> Node:
    properties = {
        "type": {"const": kind.wire_type()},
        "subject": {"description": f"The key: the value of `{kind.key_field}`."},
        "data": schemas.of(kind),
    }
    return {"allOf": [schemas.of(Envelope), {"type": "object", "properties": properties}]}


def _correlation(attribute: str) -> Node:
    return {"location": f"$message.payload#/{attribute}"}
