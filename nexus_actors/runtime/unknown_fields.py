"""Fields of a saved state that this release does not know: a newer one has written them, and this one must not erase them."""

import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from functools import cache
from typing import Final

import msgspec
from msgspec import Raw, Struct, field

MARK: Final = "$schema"
"""The member of a state that tells its writer's schema, and no field of it."""
_encoder = msgspec.json.Encoder()
_objects = msgspec.json.Decoder(dict[str, Raw])
_lists = msgspec.json.Decoder(list[Raw])


class UnknownFields(Struct):
    """What of one value a release does not know, and where in it there is more.

    Attributes:
        fields: the unknown ones, as they were written.
        inside: what is unknown in its fields, or in the values of a mapping.
        items: what is unknown in its items, where it is a list.
        known: its known part as JSON, by which an item of a list is found again.
        tag: the field that tells its class, where it has one, and the class.
    """

    known: bytes
    fields: dict[str, Raw] = field(default_factory=dict)
    inside: "dict[str, UnknownFields]" = field(default_factory=dict)
    items: "list[UnknownFields | None]" = field(default_factory=list)
    tag: tuple[str, object] | None = None


def unknown_fields(value: object, body: bytes | Raw, mark: str | None = MARK) -> UnknownFields | None:
    """What a body holds besides what was decoded from it; None where there is nothing.

    Args:
        value: what this release has made of the body.
        mark: a member that is no field; what is inside a state has none.
    """
    # What a class makes of its JSON may have another shape: null that became an object, a text that became a list.
    if isinstance(value, list | tuple):
        return _in_items(value, body) if bytes(body).startswith(b"[") else None
    members, tag = _members(value)
    if members is None or not bytes(body).startswith(b"{"):
        return None
    own = {mark, tag[0]} if tag is not None else {mark}
    raw = _objects.decode(body)
    fields = {name: text for name, text in raw.items() if name not in members and name not in own}
    found = {name: unknown_fields(inner, raw[name], None) for name, inner in members.items() if name in raw}
    inside = {name: inner for name, inner in found.items() if inner is not None}
    if not fields and not inside:
        return None
    return UnknownFields(_encoder.encode(value), fields=fields, inside=inside, tag=tag)


def _members(value: object) -> tuple[Mapping[str, object] | None, tuple[str, object] | None]:
    """What of a value is an object in JSON, by name, and its tag; None where it is none, or a list whose places have names."""
    if isinstance(value, Struct):
        config = value.__struct_config__
        if config.array_like:
            return None, None
        names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        tag = None if config.tag is None else (config.tag_field or "type", config.tag)
        return {name: getattr(value, attribute) for name, attribute in names}, tag
    if is_dataclass(value):
        return {one.name: getattr(value, one.name) for one in dataclass_fields(value)}, None
    if isinstance(value, dict):
        return {_name(key): inner for key, inner in value.items()}, None
    return None, None


def _name(key: object) -> str:
    """A key of a mapping as JSON has it."""
    if isinstance(key, str):
        return key
    named: dict[str, None] = msgspec.to_builtins({key: None}, str_keys=True)
    return next(iter(named))


def _in_items(values: Sequence[object], body: bytes | Raw) -> UnknownFields | None:
    items = [unknown_fields(value, text, None) for value, text in zip(values, _lists.decode(body), strict=False)]
    return UnknownFields(_encoder.encode(values), items=items) if any(items) else None


def with_unknown(body: bytes | Raw, unknown: UnknownFields) -> bytes:
    """The JSON of a value, and in it again what this release does not know."""
    text = bytes(body)
    if unknown.items:
        return _encoder.encode(_with_items(_lists.decode(text), unknown.items)) if text.startswith(b"[") else text
    if not text.startswith(b"{"):
        return text
    members = _objects.decode(text)
    if _is_another(members, unknown.tag):
        return text
    for name, inner in unknown.inside.items():
        if name in members:
            members[name] = Raw(with_unknown(members[name], inner))
    return _encoder.encode(members | unknown.fields)


def _is_another(members: Mapping[str, Raw], tag: tuple[str, object] | None) -> bool:
    """Whether a value of another class is in the place now."""
    return tag is not None and (tag[0] not in members or msgspec.json.decode(members[tag[0]]) != tag[1])


def _with_items(now: list[Raw], before: "list[UnknownFields | None]") -> list[Raw]:
    """Each item with what belonged to it: to one that is equal, or, where none came or went, to the one at its place."""
    texts = [bytes(text) for text in now]
    left = {place: unknown for place, unknown in enumerate(before) if unknown is not None}
    found: dict[int, UnknownFields] = {}

    def take(place: int, source: int) -> None:
        found[place] = left.pop(source)

    for place in [place for place in left if place < len(texts) and texts[place] == left[place].known]:
        take(place, place)
    alike: dict[bytes, deque[int]] = {}
    for source, unknown in left.items():
        alike.setdefault(unknown.known, deque()).append(source)
    for place, text in enumerate(texts):
        if place not in found and alike.get(text):
            take(place, alike[text].popleft())
    if len(now) == len(before):
        for place in [place for place in left if place not in found]:
            take(place, place)
    return [Raw(with_unknown(text, found[place])) if place in found else text for place, text in enumerate(now)]


class StateWriter:
    """Writes the states of one activation: with the mark of its writer, and with what a newer release has put there.

    Whether there is such a thing is decided once, when a saved state is read. A state with the own mark has nothing unknown.

    Args:
        mark: that of this release; see `bus.schema.schema_mark`.
    """

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._head = _head(mark)
        self._theirs: str | None = None
        self._unknown: UnknownFields | None = None

    def is_foreign(self, body: bytes) -> bool:
        """Whether a saved state was written by a release with another schema."""
        return mark_of(body) not in {None, self._mark}

    def has_read(self, body: bytes, state: object) -> None:
        """Take note of what this release does not know of a saved state."""
        if not body.startswith(self._head[:-1]):
            self._theirs = mark_of(body)
            self._unknown = unknown_fields(state, body)

    def write(self, state: object, body: bytes) -> bytes:
        """What is saved of a state.

        Args:
            body: its JSON. What has fields of several releases is saved under a mark that none of them has: whoever finds its
                own mark looks for nothing that it does not know.
        """
        if self._unknown is None:
            return self._head + body[1:] if len(body) > _EMPTY else marked(body, self._mark)
        whole = with_unknown(body, self._unknown)
        self._unknown = unknown_fields(state, whole)
        return whole if self._theirs is None else marked(whole, _mixed(self._mark, self._theirs))


@cache
def _mixed(mark: str, theirs: str) -> str:
    """A mark for what several releases have written; it is nobody's own."""
    return hashlib.sha256(f"{mark}+{theirs}".encode()).hexdigest()[: len(mark)]


_EMPTY: Final = len(b"{}")
_HEAD: Final = f'{{"{MARK}":"'.encode()


def mark_of(body: bytes) -> str | None:
    """The mark that the writer of a state has left in it; None where it has left none."""
    if not body.startswith(_HEAD):
        return None
    return body[len(_HEAD) :].partition(b'"')[0].decode(errors="replace")


def marked(body: bytes, mark: str) -> bytes:
    """A state's JSON with a mark as its first member."""
    return _head(mark) + body[1:] if len(body) > _EMPTY else _head(mark)[:-1] + b"}"


@cache
def _head(mark: str) -> bytes:
    return _HEAD + mark.encode() + b'",'
