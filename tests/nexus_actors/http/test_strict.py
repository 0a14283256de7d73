"""Strict twins: unknown fields are refused wherever a Struct stands."""

from typing import Annotated

import msgspec
import pytest
from msgspec import Meta, Struct

from nexus_actors.http import strict_twin


class Wheel(Struct, frozen=True, kw_only=True):
    size: int = 0


class Cart(Struct, frozen=True, kw_only=True):
    one: Wheel = Wheel()
    maybe: Wheel | None = None
    many: list[Wheel] = []
    few: Annotated[tuple[Wheel, ...], Meta(max_length=2)] = ()
    named: dict[str, Annotated[Wheel, Meta(description="front or back")]] = {}


PLACES = ["{%s}", '{"one":{%s}}', '{"maybe":{%s}}', '{"many":[{%s}]}', '{"few":[{%s}]}', '{"named":{"front":{%s}}}']


@pytest.mark.parametrize("place", PLACES)
def test_an_unknown_field_is_refused_wherever_it_stands(place: str) -> None:
    twin, wrong = strict_twin(Cart), place % '"sise":1'
    msgspec.json.decode(wrong, type=Cart)
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode(wrong, type=twin)
    msgspec.json.decode(place % "", type=twin)


def test_bounds_stay() -> None:
    with pytest.raises(msgspec.ValidationError, match="length <= 2"):
        msgspec.json.decode(b'{"few":[{},{},{}]}', type=strict_twin(Cart))
