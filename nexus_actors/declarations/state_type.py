"""The type of an actor's state: what a new actor starts with, and what is saved with every turn."""

from functools import cache
from typing import Any

import msgspec
from msgspec import Struct

from bus import ContractError
from bus.bare_type import bare_type
from bus.field_types import check_fields
from nexus_actors.declarations.answer_type import shown
from nexus_actors.runtime.unknown_fields import MARK


@cache
def checked_state(actor: type, declared: Any) -> type[Struct]:  # noqa: ANN401 - whatever was declared
    """The type that an actor class declares for its state.

    Raises:
        ContractError: it is no Struct, cannot be made without arguments, cannot hold what a newer release adds to it or the
            runtime does, or is not read back as it was saved.
    """
    declared = bare_type(declared)
    if not (isinstance(declared, type) and issubclass(declared, Struct)):
        raise ContractError(f"The state of {actor.__name__} is {shown(declared)}, which is no msgspec Struct. Declare one.")
    config = declared.__struct_config__
    if config.array_like or config.forbid_unknown_fields:
        raise ContractError(
            f"{declared.__name__} is array_like or forbids unknown fields. A state must be able to hold what a newer release "
            "adds: declare it without."
        )
    if MARK in (*declared.__struct_encode_fields__, config.tag_field):
        raise ContractError(
            f"{declared.__name__} has a field {MARK!r} in its JSON, where the runtime keeps the mark of a state's writer. "
            "Give it another name."
        )
    try:
        fresh = declared()
    except TypeError as error:
        raise ContractError(f"Every field of {declared.__name__} needs a default: a new actor starts with them.") from error
    _check_stored(declared, fresh)
    return declared


def _check_stored(declared: type[Struct], fresh: Struct) -> None:
    check_fields(declared)
    try:
        msgspec.json.decode(msgspec.json.encode(fresh), type=declared)
    except (TypeError, ValueError) as error:
        raise ContractError(
            f"A new {declared.__name__} cannot be saved and read again: {error}. States are kept as JSON."
        ) from error
