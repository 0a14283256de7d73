"""The commands that may be entered by type: those of all services that are built, as their contracts declare them."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import msgspec
from msgspec import Struct

from bus import Command, Refusal
from nexus_actors import Catalogue, ServiceEntry
from nexus_actors.http import JsonDecoder, strict_twin
from nexus_actors.http.json_schema import describe_properties

_TOO_LONG = 200


class CommandEntry(Struct, frozen=True):
    """One command.

    Attributes:
        scope: what a caller must be allowed.
        schema: JSON Schema of its data.
    """

    type: str
    service: str
    title: str
    summary: str
    scope: str
    schema: dict[str, Any]


class CommandDesk:
    """Finds commands by their wire type and reads their data strictly.

    Readers on the bus are tolerant, so that old and new releases understand each other; a person who enters a command by hand
    is better told of a field that does not exist.
    """

    def __init__(self, types: Mapping[str, type[Command[Any]]]) -> None:
        self._types = types
        self._decoders = {name: JsonDecoder(strict_twin(kind)) for name, kind in types.items()}

    @classmethod
    def of(cls, catalogue: Catalogue) -> "CommandDesk":
        """The commands of a catalogue's services that have a scope."""
        return cls({kind.wire_type(): kind for entry in catalogue.built() for kind in commands_of(entry)})

    def find(self, wire_type: str) -> type[Command[Any]]:
        """The class of a command.

        Raises:
            Refusal: there is none of that type that may be entered.
        """
        try:
            return self._types[wire_type]
        except KeyError:
            shown = wire_type[:_TOO_LONG]
            detail = f"There is no command {shown!r} that can be entered. GET /v1/commands lists those that there are."
            raise Refusal.not_found("command_unknown", detail) from None

    def read(self, wire_type: str, body: bytes) -> Command[Any]:
        """The command that a body describes.

        Raises:
            Refusal: there is no such command.
            HttpProblem: 400 or 422, with the fields at fault.
        """
        kind = self.find(wire_type)
        return kind(**msgspec.structs.asdict(self._decoders[wire_type].decode(body)))

    def entries(self) -> list[CommandEntry]:
        """All of them, by type."""
        return [_entry(self._types[name]) for name in sorted(self._types)]


def commands_of(entry: ServiceEntry) -> Iterator[type[Command[Any]]]:
    """The commands of a service that have a scope."""
    contract = import_module(f"{entry.package}.contract")
    for value in vars(contract).values():
        if isinstance(value, type) and issubclass(value, Command) and value.scope is not None:
            yield value


def _entry(kind: type[Command[Any]]) -> CommandEntry:
    summary = (kind.__doc__ or "").strip().partition("\n")[0]
    schema = msgspec.json.schema(kind)
    describe_properties(schema)
    return CommandEntry(kind.wire_type(), kind.topic.service, kind.__name__, summary, kind.scope or "", schema)
