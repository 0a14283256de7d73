"""The data of messages: checked where they are written, so that whoever reads them can."""

from typing import Final

from msgspec import Raw

from bus.message import Message
from bus.round_trip import LONGEST_MESSAGE, RoundTrip

_messages: Final[dict[type[Message], RoundTrip]] = {}


def message_data(message: Message) -> Raw:
    """A message as JSON.

    Raises:
        Unwritable, TooLarge: see `RoundTrip.write`.
    """
    kind = type(message)
    trip = _messages.get(kind)
    if trip is None:
        trip = _messages[kind] = RoundTrip(kind, kind.wire, longest=LONGEST_MESSAGE)
    return Raw(trip.write(message))
