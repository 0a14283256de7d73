"""What a JSON Schema no longer takes that an older one took."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bus.schema import Schema
from nexus_actors.compatibility.constraints import is_same, takes, tightened
from nexus_actors.compatibility.words import NARROWED, WIDENED, Words

_MISSING: Final = object()
_ARTICLES: Final = {"null": "null", "boolean": "true and false", "object": "an object", "array": "a list"}


class Comparison:
    """Compares schemas that refer to two sets of components.

    It knows what msgspec writes: ``anyOf``, not ``oneOf`` or ``not``. Where it cannot tell, it says that something changed.

    Args:
        old: the components that the older schemas refer to, by name.
        new: those of the newer ones.
        said: the words. With `WIDENED`, ``old`` and ``new`` have changed places.
    """

    def __init__(self, old: Mapping[str, Schema], new: Mapping[str, Schema], said: Words = NARROWED) -> None:
        self._old = old
        self._new = new
        self._said = said
        self._under_way: set[tuple[int, int]] = set()

    def narrowings(self, old: Schema, new: Schema, where: str = "") -> list[str]:
        """In words, what ``old`` takes and ``new`` does not, or takes with another meaning; empty where there is nothing.

        Args:
            where: the place in the document, for the words.
        """
        olds, news = list(_alternatives(old, self._old)), list(_alternatives(new, self._new))
        found: list[str] = []
        for alternative in olds:
            found += self._among(alternative, news, where)
        return list(dict.fromkeys(found))

    def _among(self, old: Schema, news: list[Schema], where: str) -> list[str]:
        """What is lost of one alternative, by comparison with the new one that is most like it."""
        if "const" in old:
            if any(takes(new, old["const"]) for new in news):
                return []
            return [_say(where, self._said.takes_not.format(repr(old["const"])))]
        outcomes = [self._single(old, new, where) for new in news if _is_kin(old, new)]
        if not outcomes:
            return [_say(where, self._said.takes_not.format(_kind(old)))]
        return min(outcomes, key=len)

    def _single(self, old: Schema, new: Schema, where: str) -> list[str]:
        pair = (id(old), id(new))
        if pair in self._under_way:  # a type that holds itself: what is to be shown may be taken as given here
            return []
        self._under_way.add(pair)
        try:
            found = [_say(where, words) for words in tightened(old, new, self._said)]
            if new.get("type") == "object":
                found += self._objects(old, new, where)
            elif new.get("type") == "array":
                found += self._arrays(old, new, where)
            return found
        finally:
            self._under_way.discard(pair)

    def _objects(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        if ("properties" in old) != ("properties" in new):
            yield _say(where, "was a record or a mapping, and is the other one now")
            return
        fields, now = old.get("properties", {}), new.get("properties", {})
        for name, field in fields.items():
            if name in now:
                yield from self.narrowings(field, now[name], _inside(where, name))
            else:
                yield _say(_inside(where, name), self._said.gone)
        yield from _presence(old, new, where, self._said)
        yield from self._others(old.get("additionalProperties", {}), new.get("additionalProperties", {}), where)
        names, names_now = old.get("propertyNames", {}), new.get("propertyNames", {})
        yield from (f"{words} (of the names)" for words in tightened(names, names_now, self._said))

    def _others(self, old: Schema | bool, new: Schema | bool, where: str) -> Iterator[str]:
        """Values under names that are not listed."""
        if isinstance(old, dict) and isinstance(new, dict):
            yield from self.narrowings(old, new, f"{where}{{}}")
        elif new is False and old is not False:
            yield _say(where, self._said.closed)

    def _arrays(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        first, now = old.get("prefixItems", []), new.get("prefixItems", [])
        # Nothing was ever written behind the items that were listed.
        for position in range(len(first) or len(now) or 1):
            item = first[position] if position < len(first) else old.get("items", {})
            item_now = now[position] if position < len(now) else new.get("items", {})
            if isinstance(item, dict) and isinstance(item_now, dict):
                yield from self.narrowings(item, item_now, f"{where}[{position if first or now else ''}]")
        if now and len(now) < len(first):
            yield _say(f"{where}[{len(now)}]", "is new" if self._said is WIDENED else "is gone")


def _presence(old: Schema, new: Schema, where: str, said: Words) -> Iterator[str]:
    """Fields that may no longer be left out, or mean something else when they are."""
    fields, now = old.get("properties", {}), new.get("properties", {})
    needed, needed_now = set(old.get("required", ())), set(new.get("required", ()))
    for name, field in now.items():
        place = _inside(where, name)
        if name in needed_now - needed:
            yield _say(place, said.needed if name in fields else "is new and cannot be left out")
        elif name in fields and name not in needed:
            default, default_now = fields[name].get("default", _MISSING), field.get("default", _MISSING)
            if not is_same(default, default_now):
                yield _say(place, f"means {_shown(default_now)} where it is left out, and meant {_shown(default)}")


def _alternatives(schema: Schema, components: Mapping[str, Schema]) -> Iterator[Schema]:
    """The schemas of which a value must satisfy one: without references, unions and lists of values."""
    while "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        for member in schema["anyOf"]:
            yield from _alternatives(member, components)
    elif "enum" in schema:
        yield from ({"const": value} for value in schema["enum"])
    else:
        yield schema


def _is_kin(old: Schema, new: Schema) -> bool:
    """Whether a value of the one could be a value of the other."""
    if "const" in new:
        return False
    if "type" not in new:
        return True
    return new["type"] == old.get("type") or (new["type"], old.get("type")) == ("number", "integer")


def _kind(schema: Schema) -> str:
    kind = schema.get("type", "value")
    return _ARTICLES.get(kind, f"every {kind}")


def _shown(default: Any) -> str:  # noqa: ANN401 - whatever JSON can say
    return "nothing" if default is _MISSING else repr(default)


def _inside(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _say(where: str, words: str) -> str:
    return f"{where}: {words}" if where else words
