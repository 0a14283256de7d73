"""OpenTelemetry's semantic conventions, as far as we use them: names of spans and their attributes.

https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ and the same path with http/http-spans/
(1.30 and later). The conventions for messaging are not declared stable yet, which is why they are in one place.
"""

from typing import Final, Literal

from msgspec import Struct

Kind = Literal["producer", "consumer", "server"]
Value = str | int | float | bool

ERROR_TYPE: Final = "error.type"
HTTP_ROUTE: Final = "http.route"
HTTP_STATUS: Final = "http.response.status_code"
OUTCOME: Final = "nexus.outcome"
REFUSAL: Final = "nexus.refusal.code"

_METHODS: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"})
_FIRST_SERVER_ERROR: Final = 500


class Draft(Struct, frozen=True):
    """A span before it is opened."""

    name: str
    kind: Kind
    attributes: dict[str, Value]


class Delivery(Struct, frozen=True):
    """What a span tells of a message, or of a batch of messages of one type.

    Attributes:
        topic: the service that they are published to or by.
        partition: where in the topic.
        wire_type: such as ``nexus.tracker-ms.record_positions.v1``.
        message_id: the id of the message; of the first one in a batch.
        count: how many messages.
    """

    topic: str
    partition: int
    wire_type: str
    message_id: str
    count: int = 1


def publish(delivery: Delivery) -> Draft:
    """The span of handing messages to the bus."""
    return Draft(f"publish {delivery.topic}", "producer", _messaging(delivery, "publish", "send"))


def process(delivery: Delivery, group: str) -> Draft:
    """The span of handling messages in the service ``group``."""
    attributes = _messaging(delivery, "process", "process")
    attributes["messaging.consumer.group.name"] = group
    return Draft(f"process {delivery.topic}", "consumer", attributes)


def serve(method: str, path: str, scheme: str, host: str, port: int) -> Draft:
    """The span of answering a request. It gets its route and its status when they are known."""
    known = method if method in _METHODS else "_OTHER"
    attributes: dict[str, Value] = {
        "http.request.method": known,
        "url.path": path,
        "url.scheme": scheme,
        "server.address": host,
        "server.port": port,
    }
    return Draft(served_name(known, None), "server", attributes)


def served_name(method: str, route: str | None) -> str:
    """The name of a server's span: of few kinds, so never the path itself."""
    shown = "HTTP" if method == "_OTHER" else method
    return shown if route is None else f"{shown} {route}"


def is_server_error(status: int) -> bool:
    """Whether a status is the server's fault; a refused request is none."""
    return status >= _FIRST_SERVER_ERROR


def _messaging(delivery: Delivery, name: str, kind: str) -> dict[str, Value]:
    attributes: dict[str, Value] = {
        # There is no well-known value for Redis Streams; the conventions allow the system's own name.
        "messaging.system": "redis",
        "messaging.operation.name": name,
        "messaging.operation.type": kind,
        "messaging.destination.name": delivery.topic,
        "messaging.destination.partition.id": str(delivery.partition),
        "messaging.message.id": delivery.message_id,
        "nexus.message.type": delivery.wire_type,
    }
    if delivery.count > 1:
        attributes["messaging.batch.message_count"] = delivery.count
    return attributes
