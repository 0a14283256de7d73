"""Request and reply: ask a command and await its answer, with a deadline."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import anyio
import msgspec
from msgspec import Raw, Struct

from bus.codec import encode_envelope
from bus.envelope import Envelope
from bus.errors import BusUnavailable, DeadlineExceeded, MalformedMessage
from bus.position import START
from bus.publisher import Outgoing, Publisher
from bus.refusal import Refusal, RefusalDocument
from bus.store import StreamStore
from bus.topic import StreamName

REPLY_EXPIRY_S = 60.0
_READ_COUNT = 500
_BLOCK_S = 5.0
_RETRY_S = 1.0


class Answer(Struct, frozen=True, omit_defaults=True):
    """What the handling of a command came to: as it travels, and as the inbox keeps it.

    Attributes:
        id: the command's id.
        value: the reply, for a command that was carried out; empty for one that was refused.
        refusal: the reason, for one that was refused.
        replayed: the command had been handled before; this is the answer of that time.
        failure: in development, what the handler raised: no answer yet, and never kept.
    """

    id: UUID
    value: Raw = Raw()
    refusal: RefusalDocument | None = None
    replayed: bool = False
    failure: str | None = None


_answers = msgspec.json.Decoder(Answer)
_encoder = msgspec.json.Encoder()


def encode_answer(answer: Answer) -> bytes:
    """An answer as JSON."""
    return _encoder.encode(answer)


def decode_answer(body: bytes) -> Answer:
    """Read an answer.

    Raises:
        MalformedMessage: it is none.
    """
    try:
        return _answers.decode(body)
    except msgspec.MsgspecError as error:
        raise MalformedMessage(f"The entry is not an answer: {error}.") from error


class _Waiter:
    def __init__(self) -> None:
        self.done = anyio.Event()
        self.answer: Answer | None = None


class Requests:
    """Asks commands and awaits their answers. Answers come in one stream of this process, however many questions wait.

    Args:
        instance: names this process; no other one may use it, ever.
    """

    def __init__(self, store: StreamStore, publisher: Publisher, instance: str) -> None:
        self.address = StreamName(f"{{replies:{instance}}}:replies")
        self._store = store
        self._publisher = publisher
        self._waiting: dict[UUID, list[_Waiter]] = defaultdict(list)

    async def ask(self, stream: StreamName, envelope: Envelope, timeout_s: float) -> Answer:
        """Send a command and await its answer.

        Raises:
            Overloaded, PublishFailed: see `Publisher.publish`.
            DeadlineExceeded: no answer came in time; the command may still take effect. Asking again under the same id
                gives the answer of the first time.
            Refusal: a question under this id is waiting here already.
        """
        if envelope.id in self._waiting:
            raise Refusal.conflict("in_flight", "The first request with this key is still being handled. Ask again shortly.")
        waiter = _Waiter()
        self._waiting[envelope.id].append(waiter)
        try:
            await self._publisher.publish([Outgoing(stream, encode_envelope(envelope.replace(replyto=self.address)))])
            with anyio.move_on_after(timeout_s):
                await waiter.done.wait()
        finally:
            self._forget(envelope.id, waiter)
        if waiter.answer is None:
            raise DeadlineExceeded(
                f"{envelope.type} {envelope.id} was not answered within {timeout_s:g} s. It may still take effect: "
                "ask again under the same id."
            )
        return waiter.answer

    def _forget(self, message_id: UUID, waiter: _Waiter) -> None:
        waiting = self._waiting[message_id]
        waiting.remove(waiter)
        if not waiting:
            del self._waiting[message_id]

    async def run(self) -> None:
        """Read the answers, for ever. One supervised task of the process runs this."""
        position = START
        while True:
            try:
                entries = await self._store.read({self.address: position}, _READ_COUNT, _BLOCK_S)
                if not entries and (await self._store.last([self.address]))[self.address] < position:
                    # The stream has expired. Should the store's clock go back, the next answers stand before this position.
                    position = START
            except BusUnavailable:
                # The store's clock may have gone back. What is read twice has nobody waiting for it any more.
                position = START
                await anyio.sleep(_RETRY_S)
                continue
            for entry in entries:
                position = entry.position
                self._deliver(entry.body)

    def _deliver(self, body: bytes) -> None:
        try:
            answer = decode_answer(body)
        except MalformedMessage:
            return
        for waiter in self._waiting.get(answer.id, ()):
            waiter.answer = answer
            waiter.done.set()


def replies(answers: Sequence[tuple[str, Answer]]) -> list[Outgoing]:
    """Answers on their way to their askers' addresses."""
    return [Outgoing(StreamName(address), encode_answer(answer)) for address, answer in answers]
