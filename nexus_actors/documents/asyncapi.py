"""The AsyncAPI 3.0 document of a service, or of several."""

from collections.abc import Sequence
from typing import Any, Final

from bus import Command, Message, Topic
from nexus_actors.documents.async_messages import ENVELOPES, Node, answer_name, answer_object, message_object
from nexus_actors.documents.interface import Interface
from nexus_actors.documents.message_schemas import MessageSchemas
from nexus_actors.http.json_schema import parse_docstring

ASYNCAPI_VERSION: Final = "3.0.0"

_ANSWERS: Final = "answers"
_SERVERS: Final[Node] = {
    "redis": {
        "host": "{host}:{port}",
        "protocol": "redis",
        "description": "Redis 7.0 or later, or Valkey. A stream is a channel; an entry's one field `e` is a message.",
        "variables": {"host": {"default": "localhost"}, "port": {"default": "6379"}},
    }
}
_PREFIX: Final[Node] = {"default": "nexus", "description": "The deployment's prefix, NEXUS_REDIS_PREFIX."}
_CHANNEL_TEXTS: Final = {
    "commands": ("Commands to {}", "Events of others that the service takes under another key come here too, as they are."),
    "events": ("Events of {}", "Any service may read them."),
}


def asyncapi_document(title: str, version: str, about: str, interfaces: Sequence[Interface]) -> Node:
    """Describe what services send and receive on the bus, seen from the services.

    Args:
        title: title of the document.
        version: version of the release.
        about: what the document is about.
        interfaces: the services.
    """
    kinds = _message_types(interfaces)
    commands = [kind for kind in kinds if issubclass(kind, Command)]
    schemas = MessageSchemas([*ENVELOPES, *kinds, *(kind.reply_type() for kind in commands)])
    messages = {kind.wire_type(): message_object(kind, schemas) for kind in kinds}
    messages |= {answer_name(kind): answer_object(kind, schemas) for kind in commands}
    info = {"title": title, "version": version}
    if about:
        info["description"] = about
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": info,
        "defaultContentType": "application/json",
        "servers": _SERVERS,
        "channels": _channels(kinds, commands),
        "operations": {name: node for interface in interfaces for name, node in _operations(interface)},
        "components": {"messages": messages, "schemas": schemas.components},
    }


def _message_types(interfaces: Sequence[Interface]) -> list[type[Message]]:
    """All messages that the services meet, by wire type, each once."""
    found = {
        kind.wire_type(): kind
        for interface in interfaces
        for kind in (*interface.commands, *interface.events, *interface.followed)
    }
    return [found[name] for name in sorted(found)]


def _channels(kinds: Sequence[type[Message]], commands: Sequence[type[Command[Any]]]) -> Node:
    channels: Node = {}
    for kind in kinds:
        channel = channels.setdefault(_channel_name(kind), _channel(kind.topic, kind.channel))
        channel["messages"][kind.wire_type()] = {"$ref": f"#/components/messages/{kind.wire_type()}"}
    if commands:
        channels[_ANSWERS] = {
            "address": None,
            "title": "Answers",
            "description": "The stream of the process that asks, which its commands name in `replyto`.",
            "messages": {answer_name(kind): {"$ref": f"#/components/messages/{answer_name(kind)}"} for kind in commands},
        }
    return channels


def _channel(topic: Topic, channel: str) -> Node:
    title, text = _CHANNEL_TEXTS[channel]
    tags = [f"{{{topic.service}:{partition}}}" for partition in range(topic.partitions)]
    first, last = f"nexus:{tags[0]}:{channel}", f"nexus:{tags[-1]}:{channel}"
    streams = f"One stream, `{first}`" if len(tags) == 1 else f"{len(tags)} streams, `{first}` to `{last}`"
    return {
        "address": f"{{prefix}}:{{partition}}:{channel}",
        "title": title.format(topic.service),
        "description": f"{streams}; the key of a message decides which (CRC-32, low bits). {text}",
        "servers": [{"$ref": "#/servers/redis"}],
        "parameters": {
            "prefix": _PREFIX,
            "partition": {
                "enum": tags,
                "description": "Service and partition. The braces belong to the name: they are a Redis Cluster hash tag.",
            },
        },
        "messages": {},
    }


def _operations(interface: Interface) -> list[tuple[str, Node]]:
    operations = [_operation("receive", interface, kind, "") | {"reply": _reply(kind)} for kind in interface.commands]
    operations += [_operation("send", interface, kind, "") for kind in interface.events]
    for kind, keys in interface.followed.items():
        handled = " and ".join(f"`{key}`" for key in keys)
        operations.append(_operation("receive", interface, kind, f"Handled under {handled}."))
    return [(f"{interface.name}.{node['action']}.{_wire_of(node)}", node) for node in operations]


def _operation(action: str, interface: Interface, kind: type[Message], text: str) -> Node:
    channel = f"#/channels/{_channel_name(kind)}"
    operation: Node = {
        "action": action,
        "title": kind.__name__,
        "summary": parse_docstring(kind.__doc__).summary,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{kind.wire_type()}"}],
        "tags": [{"name": interface.name}],
    }
    if text:
        operation["description"] = text
    return operation


def _wire_of(operation: Node) -> str:
    reference: str = operation["messages"][0]["$ref"]
    return reference.rpartition("/")[2]


def _reply(kind: type[Command[Any]]) -> Node:
    channel = f"#/channels/{_ANSWERS}"
    return {
        "address": {"location": "$message.payload#/replyto", "description": "Nothing is answered where it is absent."},
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{answer_name(kind)}"}],
    }


def _channel_name(kind: type[Message]) -> str:
    return f"{kind.topic.service}.{kind.channel}"
