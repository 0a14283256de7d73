"""The data of messages: checked where they are written, so that whoever reads them can."""

from functools import cache

from msgspec import Raw

from bus.message import Message
from bus.round_trip import LONGEST_MESSAGE, RoundTrip
from bus.schema import schema_mark


class MessageData(RoundTrip):
    """Writes the messages of one type as JSON, and reads them.

    Attributes:
        schema: the mark of the type's schema, as envelopes carry it.
    """

    def __init__(self, kind: type[Message]) -> None:
        super().__init__(kind, kind.wire, longest=LONGEST_MESSAGE)
        self.schema = f"nexus:{schema_mark(kind)}"


@cache
def data_of(kind: type[Message]) -> MessageData:
    """How the messages of a type are written."""
    return MessageData(kind)


def message_data(message: Message) -> Raw:
    """A message as JSON.

    Raises:
        Unwritable, TooLarge: see `RoundTrip.write`.
    """
    return Raw(data_of(type(message)).write(message))
