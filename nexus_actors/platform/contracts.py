"""The messages that services declare in their contracts, found without running the services."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, Final

import msgspec
from msgspec import Struct, defstruct

from bus import Command, Event, Message, Topic
from bus.message import snake_case
from nexus_actors.platform.catalogue import Catalogue, ServiceEntry
from nexus_actors.platform.loading import NotLoadable, load_part

_SHOWN: Final = 8


def topic_of(entry: ServiceEntry) -> Topic:
    """The topic that a service owns.

    Raises:
        NotLoadable: it is not built, or its contract names none.
    """
    for value in _declared(entry):
        if isinstance(value, Topic) and value.service == entry.name:
            return value
    raise NotLoadable(f"{entry.name} is not built yet, so it has no topic.")


def messages_of(entry: ServiceEntry) -> list[type[Message]]:
    """The commands and events of a service's own topic, by wire type; none where it is not built."""
    found = {
        value.wire_type(): value
        for value in _declared(entry)
        if isinstance(value, type)
        and issubclass(value, Command | Event)
        and hasattr(value, "wire")
        and value.topic.service == entry.name
    }
    return [found[name] for name in sorted(found)]


def find_message(catalogue: Catalogue, name: str) -> type[Message]:
    """The message that a name means: its wire type (with or without the version), or its class name.

    Raises:
        NotLoadable: there is none, or there are several; the message says which come near.
    """
    kinds = [kind for entry in catalogue.built() for kind in messages_of(entry)]
    found = [kind for kind in kinds if name in _names(kind)]
    if len(found) == 1:
        return found[0]
    hint = ", ".join(kind.wire_type() for kind in (found or _near(kinds, name))[:_SHOWN])
    problem = "Several messages are called" if found else "There is no message"
    raise NotLoadable(f"{problem} {name!r}. Give a wire type, such as: {hint}.")


def _near(kinds: Sequence[type[Message]], name: str) -> Sequence[type[Message]]:
    """Those that may be meant: with a name that is written much like it, else with it in their name, else all."""
    names = {known: kind for kind in kinds for known in _names(kind)}
    close = get_close_matches(name, names, n=_SHOWN, cutoff=0.8)
    named = [kind for kind in kinds if snake_case(name.rpartition(".")[2]) in kind.wire_type()]
    return list(dict.fromkeys(names[known] for known in close)) or named or kinds


def strict(kind: type[Message]) -> type[Struct]:
    """A Struct with the fields of a message that refuses any other.

    Readers on the bus are tolerant, so that old and new releases understand each other. Whoever writes a message by hand is
    better told of a field that does not exist.
    """
    return defstruct(
        kind.__name__, [_field(field) for field in msgspec.structs.fields(kind)], kw_only=True, forbid_unknown_fields=True
    )


def _field(field: msgspec.structs.FieldInfo) -> tuple[str, Any] | tuple[str, Any, Any]:
    if field.required:
        return field.name, field.type
    if field.default_factory is not msgspec.NODEFAULT:
        return field.name, field.type, msgspec.field(default_factory=field.default_factory)
    return field.name, field.type, field.default


def _names(kind: type[Message]) -> set[str]:
    wire_type = kind.wire_type()
    unversioned = wire_type.rpartition(".v")[0]
    return {wire_type, unversioned, unversioned.removeprefix("nexus."), kind.__name__}


def _declared(entry: ServiceEntry) -> Iterable[object]:
    contract = load_part(entry, "contract")
    return () if contract is None else vars(contract).values()
