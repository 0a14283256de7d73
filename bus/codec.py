"""Messages to bytes and back."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from bus.data import data_of
from bus.envelope import Envelope, key_problem, tenant_problem
from bus.errors import ContractError, MalformedMessage, NewerRelease, UnknownMessage
from bus.message import Message
from bus.text import error_text

_LONGEST_VERSION = 9
_encoder = msgspec.json.Encoder()
_envelopes = msgspec.json.Decoder(Envelope)
# What msgspec raises for bytes from anywhere; the last one where JSON is nested too deeply.
_UNREADABLE = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)


def encode_envelope(envelope: Envelope) -> bytes:
    """The envelope as a CloudEvent in JSON."""
    return _encoder.encode(envelope)


def decode_envelope(body: bytes) -> Envelope:
    """Read a CloudEvent.

    Raises:
        MalformedMessage: it is none, or lacks a required attribute.
    """
    try:
        envelope = _envelopes.decode(body)
    except _UNREADABLE as error:
        raise MalformedMessage(f"The entry is not a CloudEvent of this bus: {error}.") from error
    if problem := key_problem(envelope.subject):
        raise MalformedMessage(f"The entry is not a CloudEvent of this bus: its subject {problem}.")
    if envelope.tenant is not None and (problem := tenant_problem(envelope.tenant)):
        raise MalformedMessage(f"The entry is not a CloudEvent of this bus: its tenant {problem}.")
    if "\0" in envelope.type:
        raise MalformedMessage("The entry is not a CloudEvent of this bus: its type holds a NUL character.")
    return envelope


def encode_data(value: object) -> Raw:
    """A value of our own as JSON, unchecked. What services make goes through `bus.round_trip`."""
    return Raw(_encoder.encode(value))


class Contracts:
    """The message types that a process can read, by wire type.

    Readers are tolerant: unknown fields are skipped, missing ones take their defaults, and data of an older version goes
    through the class's ``upcast`` first. What a newer release has written is told from what is broken.
    """

    def __init__(self, types: Iterable[type[Message]]) -> None:
        self._types: dict[str, type[Message]] = {}
        self._versions: dict[str, list[type[Message]]] = {}
        self._decoders: dict[type[Message], msgspec.json.Decoder[Any]] = {}
        for message_type in types:
            self.add(message_type)

    def add(self, message_type: type[Message]) -> None:
        """Learn a type.

        Raises:
            ContractError: another class has the same wire type.
        """
        name = message_type.wire_type()
        if self._types.setdefault(name, message_type) is not message_type:
            raise ContractError(f"Two classes have the wire type {name}: rename one or raise its version.")
        if message_type not in self._decoders:
            self._versions.setdefault(name.rpartition(".v")[0], []).append(message_type)
        self._decoders[message_type] = msgspec.json.Decoder(message_type)

    @property
    def types(self) -> Mapping[str, type[Message]]:
        """All types by wire type."""
        return self._types

    def find(self, wire_type: str) -> type[Message] | None:
        """The class that reads a wire type: of its own version, or of a newer one that can upcast it."""
        found = self._types.get(wire_type)
        if found is not None:
            return found
        base, _, version = wire_type.rpartition(".v")
        versions = self._versions.get(base)
        if versions is None or not _is_version(version):
            return None
        return min((t for t in versions if t.version > int(version)), key=lambda t: t.version, default=None)

    def kin(self, wire_type: str) -> type[Message] | None:
        """A class of the message that a wire type is a version of, also where it cannot read that version."""
        found = self._types.get(wire_type)
        if found is not None:
            return found
        versions = self._versions.get(wire_type.rpartition(".v")[0])
        return versions[0] if versions else None

    def knows_older(self, wire_type: str) -> bool:
        """Whether a wire type is a version of a known message that is newer than all that are known."""
        base, _, version = wire_type.rpartition(".v")
        return base in self._versions and _is_version(version) and self.find(wire_type) is None

    def decode(self, envelope: Envelope) -> Message:
        """The message in an envelope.

        Raises:
            UnknownMessage: no class reads its type, and its writer has left no mark.
            NewerRelease: its type, its version or its data are of a release that knows more than this one.
            MalformedMessage: the data is not what the type says.
        """
        message_type = self.find(envelope.type)
        if message_type is None:
            if envelope.dataschema is None and not self.knows_older(envelope.type):
                raise UnknownMessage(f"No contract here declares {envelope.type}.")
            raise NewerRelease(f"no contract of this release declares {envelope.type}")
        try:
            if envelope.type != message_type.wire_type():
                return self._upcast(message_type, envelope)
            decoded: Message = self._decoders[message_type].decode(envelope.data)
            return decoded
        except _UNREADABLE as error:
            if _has_grown(message_type, envelope):
                raise NewerRelease(f"{envelope.type} was written by another schema than this release has: {error}") from error
            raise MalformedMessage(f"The data of {envelope.type} {envelope.id} cannot be read: {error}.") from error

    def _upcast(self, message_type: type[Message], envelope: Envelope) -> Message:
        version = int(envelope.type.rpartition(".v")[2])
        data = msgspec.json.decode(envelope.data, type=dict[str, Any])
        while version < message_type.version:
            try:
                data = message_type.upcast(version, data)
            except Exception as error:
                raise MalformedMessage(
                    f"{envelope.type} {envelope.id} cannot be upcast: {type(error).__name__}: {error_text(error)}."
                ) from error
            version += 1
        return msgspec.convert(data, message_type)


def _is_version(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _LONGEST_VERSION


def _has_grown(message_type: type[Message], envelope: Envelope) -> bool:
    """Whether the writer knew another schema of the same version. An older version is read by its upcast, or not at all."""
    known = data_of(message_type).schema
    return envelope.type == message_type.wire_type() and envelope.dataschema not in {None, known}
