"""What passes between a worker and the process of a work.

To the work: one frame with its order, then signs of nine bytes each. From it: frames. A frame is its length in four bytes, the
highest first, and JSON.
"""

from collections.abc import Iterator
from struct import Struct as Layout
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw, Struct

from bus.round_trip import LONGEST_MESSAGE
from nexus_actors.errors import NexusError

LONGEST_NOTE: Final = 200
LONGEST_ERROR: Final = 2_000
LONGEST_FRAME: Final = LONGEST_MESSAGE + 65_536
"""The largest message, and what is around it."""
LONGEST_ENVELOPE: Final = LONGEST_FRAME - 1_024
"""Of a job, in bytes: it has to fit into the frame with its order."""
_HEAD: Final = Layout("!I")
SIGN: Final = Layout("!cd")
BEAT: Final = b"B"
CANCEL: Final = b"C"


class GarbledFrame(NexusError):
    """What came from the process of a work is none of its frames."""


class Order(Struct, frozen=True, kw_only=True):
    """What a work is to do.

    Attributes:
        envelope: of the job.
        valid_until: so long it may work, by ``time.monotonic``, which all processes of a machine share; beats prolong it.
    """

    envelope: Raw
    valid_until: float


class Reported(Struct, frozen=True, kw_only=True, tag=True):
    """How far it is."""

    fraction: Annotated[float, Meta(ge=0, le=1)]
    note: Annotated[str, Meta(max_length=LONGEST_NOTE)]


class Returned(Struct, frozen=True, kw_only=True, tag=True):
    """It is done. ``wire_type`` is that of the command, ``data`` the command."""

    wire_type: str
    data: Raw


class Stopped(Struct, frozen=True, kw_only=True, tag=True):
    """It has given way to its cancellation."""


class Failed(Struct, frozen=True, kw_only=True, tag=True):
    """It has failed. ``final``: another attempt will not help; ``after_s``: the next is to wait that long."""

    error: Annotated[str, Meta(max_length=LONGEST_ERROR)]
    final: bool = False
    after_s: Annotated[float, Meta(ge=0)] | None = None


Frame = Reported | Returned | Stopped | Failed

_encode: Final = msgspec.json.Encoder().encode
_frames: Final = msgspec.json.Decoder(Frame)


def framed(value: Struct) -> bytes:
    """A frame.

    Raises:
        ValueError: it would be longer than a frame may be.
    """
    body = _encode(value)
    if len(body) > LONGEST_FRAME:
        raise ValueError(f"It has {len(body)} bytes, and {LONGEST_FRAME} may pass between a work and its worker. Say less.")
    return _HEAD.pack(len(body)) + body


class Frames:
    """Takes what comes apart into frames, whatever pieces it comes in."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The bodies of the frames that are complete with this piece.

        Raises:
            GarbledFrame: one would be too long, so it is none.
        """
        self._buffer += piece
        while len(self._buffer) >= _HEAD.size:
            (length,) = _HEAD.unpack_from(self._buffer)
            if length > LONGEST_FRAME:
                raise GarbledFrame(f"The work's process wrote what is no frame: {bytes(self._buffer[:20])!r}.")
            end = _HEAD.size + length
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_HEAD.size : end])
            del self._buffer[:end]
            yield body


def read_frame(body: bytes) -> Frame:
    """A frame of a work.

    Raises:
        GarbledFrame: it is none.
    """
    try:
        frame: Frame = _frames.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise GarbledFrame(f"The work's process wrote what is no frame: {error}.") from error
    return frame
